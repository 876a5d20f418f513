#!/bin/sh
# Installs the servers that the end-to-end tests call: Request Tracker 5 from Debian, Mailman core from PyPI.
#
# Safe to repeat: what is already there is left alone. What cannot be installed here is named loudly and
# passed over, and the tests that need it skip with the same reason. `ALIGNKIT_LIVE_CACHE` moves the cache.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${ALIGNKIT_LIVE_CACHE:-$root/.cache/live}
rt_packages="request-tracker5 rt5-db-sqlite rt5-standalone"
# SQLAlchemy 2.1 turns the member search into a 500; Falcon 4 removed what Mailman 3.3.10 imports.
mailman_requirements="mailman==3.3.10 sqlalchemy<2.1 falcon<4"
skipped=0

say() { printf 'live: %s\n' "$*"; }

skip() {
    skipped=$((skipped + 1))
    printf '\n*** live: SKIPPED: %s\n*** live: because %s\n\n' "$1" "$2" >&2
}

has_packages() {
    for package in $rt_packages; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || return 1
    done
}

# The tests start servers of their own; the one that the package would keep running is not wanted.
stop_packaged_service() {
    [ ! -d /run/systemd/system ] || systemctl disable --quiet --now request-tracker5.service || true
}

install_request_tracker() {
    name="Request Tracker 5 ($rt_packages)"
    if ! command -v apt-get >/dev/null 2>&1; then
        skip "$name" "apt-get is not available; on Debian or Ubuntu it would be"
    elif has_packages; then
        say "Request Tracker 5 is installed"
    elif [ "$(id -u)" -ne 0 ]; then
        skip "$name" "installing packages needs root; run \`make live\` as root once, or install them by hand"
    else
        say "installing Request Tracker 5, about 260 packages"
        # No recommended packages: they would bring a mail server and a database server along.
        if { timeout 300 apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y -qq --no-install-recommends \
                -o DPkg::Lock::Timeout=300 $rt_packages; } >"$cache/apt.log" 2>&1; then
            stop_packaged_service
            say "Request Tracker 5 is installed"
        else
            tail -n 5 "$cache/apt.log" >&2
            skip "$name" "apt-get failed; its output is in $cache/apt.log"
        fi
    fi
}

install_mailman() {
    venv=$cache/mailman
    stamp=$venv/requirements.txt
    if [ -x "$venv/bin/mailman" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$mailman_requirements" ]; then
        say "Mailman core is installed"
        return
    fi
    say "installing Mailman core into $venv"
    # The list of requirements is split into words on purpose.
    # shellcheck disable=SC2086
    if { python3 -m venv --clear "$venv" &&
        timeout 600 "$venv/bin/pip" install --quiet --disable-pip-version-check $mailman_requirements; } \
        >"$cache/pip.log" 2>&1; then
        # Written last, so that an interrupted installation is done again.
        printf '%s' "$mailman_requirements" >"$stamp"
        say "Mailman core is installed"
    else
        tail -n 5 "$cache/pip.log" >&2
        skip "Mailman core 3.3.10" "python3 -m venv or pip failed; the output is in $cache/pip.log"
    fi
}

mkdir -p "$cache"
install_request_tracker
install_mailman
if [ "$skipped" -gt 0 ]; then
    printf '*** live: %s of 2 servers are missing; their tests will be skipped\n' "$skipped" >&2
fi
