#!/usr/bin/env bash
# Puts DDPM Studio into the desktop's menu, for the present user only; no root needed.
set -euo pipefail

readonly ID=io.github.ddpm_studio.DDPMStudio

usage() {
  cat <<'TEXT'
Usage: install.sh [PATH-TO-ddpm-studio]
       install.sh --uninstall

Puts DDPM Studio into the menu of the present user, or takes it out again.
Without a path, the ddpm-studio of this folder's .venv is used, or else the one on PATH.
Run it again after moving the folder. XDG_DATA_HOME is respected.
TEXT
}

fail() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-1}"
}

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(cd -- "$here/../.." && pwd)

data=${XDG_DATA_HOME:-}
# A path that is not absolute counts as unset, says the XDG Base Directory Specification.
if [[ $data != /* ]]; then
  data=${HOME:?HOME is not set}/.local/share
fi

desktop=$data/applications/$ID.desktop
metainfo=$data/metainfo/$ID.metainfo.xml
hicolor=$data/icons/hicolor
svg=$hicolor/scalable/apps/$ID.svg
png=$hicolor/256x256/apps/$ID.png

refresh() {
  # Menus and icon themes find out by themselves as well, only later.
  if [[ -d $data/applications ]] && command -v update-desktop-database >/dev/null; then
    update-desktop-database -q "$data/applications" || true
  fi
  if [[ -d $hicolor ]]; then
    touch -c "$hicolor"
    if [[ -f $hicolor/icon-theme.cache ]] && command -v gtk-update-icon-cache >/dev/null; then
      gtk-update-icon-cache -q -t -f "$hicolor" || true
    fi
  fi
}

# Quotes a program for Exec: the quoting rule, and then the escape rule of every string in a
# desktop entry.
quoted() {
  local text=$1
  text=${text//\\/\\\\\\\\}
  text=${text//\"/\\\\\"}
  text=${text//\`/\\\\\`}
  text=${text//\$/\\\\\$}
  printf '"%s"' "$text"
}

find_program() {
  local found=${1:-}
  if [[ -n $found ]]; then
    [[ -f $found && -x $found ]] || fail "$found is not a program."
  elif [[ -x $root/.venv/bin/ddpm-studio ]]; then
    found=$root/.venv/bin/ddpm-studio
  else
    found=$(command -v ddpm-studio) ||
      fail "ddpm-studio was not found. Install it first (see README.md), or give its path."
  fi
  # Only the folder is resolved: a link to the program may well be what is meant.
  found=$(cd -- "$(dirname -- "$found")" && pwd)/$(basename -- "$found")
  # GLib looks for the program before it turns %% into %, so no spelling would start it.
  [[ $found != *[%$'\n']* ]] ||
    fail "The path of ddpm-studio has a % or a line break in it, which menus can't start."
  printf '%s' "$found"
}

install_file() {
  mkdir -p -- "$(dirname -- "$2")"
  install -m 644 -- "$1" "$2.new"
  mv -f -- "$2.new" "$2"
}

put_in() {
  local program exec line
  program=$(find_program "$@")
  exec=$(quoted "$program")
  mkdir -p -- "$(dirname -- "$desktop")"
  while IFS= read -r line; do
    case $line in
      Exec=*) printf 'Exec=%s %%F\n' "$exec" ;;
      TryExec=*) printf 'TryExec=%s\n' "${program//\\/\\\\}" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <"$here/$ID.desktop" >"$desktop.new"
  chmod 644 "$desktop.new"
  mv -f -- "$desktop.new" "$desktop"
  install_file "$here/$ID.metainfo.xml" "$metainfo"
  install_file "$root/resources/icons/app.svg" "$svg"
  install_file "$root/resources/icons/app-256.png" "$png"
  refresh
  printf 'DDPM Studio is in the menu and starts %s\n' "$program"
}

take_out() {
  rm -f -- "$desktop" "$metainfo" "$svg" "$png"
  refresh
  printf 'DDPM Studio is no longer in the menu. Runs and settings stay.\n'
}

if (($# > 1)); then
  usage >&2
  exit 2
fi
case ${1:-} in
  -h | --help) usage ;;
  --uninstall) take_out ;;
  -*)
    usage >&2
    exit 2
    ;;
  *) put_in "$@" ;;
esac
