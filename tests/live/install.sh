#!/bin/sh
# Installs the servers that the end-to-end tests call: Request Tracker 5, nginx, PostgreSQL and Redis from Debian,
# Mailman core and a Singer tap by pip, an OpenID provider and a Bluesky network by npm.
#
# Safe to repeat: what is already there is left alone. What cannot be installed here is named loudly and
# passed over, and the tests that need it skip with the same reason. `ALIGNKIT_LIVE_CACHE` moves the cache.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${ALIGNKIT_LIVE_CACHE:-$root/.cache/live}
# SQLAlchemy 2.1 turns the member search into a 500; Falcon 4 removed what Mailman 3.3.10 imports.
mailman_requirements="mailman==3.3.10 sqlalchemy<2.1 falcon<4"
tap_requirements="tap-rest-api-msdk==1.4.2"
oidc_requirements="oidc-provider@8.8.1"
bluesky_requirements="@atproto/dev-env@0.3.215 @atproto/pds@0.4.217"
is_updated=no
skipped=0

say() { printf 'live: %s\n' "$*"; }

skip() {
    skipped=$((skipped + 1))
    printf '\n*** live: SKIPPED: %s\n*** live: because %s\n\n' "$1" "$2" >&2
}

# --- Debian packages ---------------------------------------------------------------------------------------

has_request_tracker() {
    for package in request-tracker5 rt5-db-sqlite rt5-standalone; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || return 1
    done
}

has_nginx() { command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ]; }

has_databases() { command -v redis-server >/dev/null 2>&1 && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

has_node() {
    command -v npm >/dev/null 2>&1 &&
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && b > 6) ? 0 : 1)' \
            2>/dev/null
}

update_packages() {
    [ "$is_updated" = yes ] || timeout 300 apt-get update -qq || return 1
    is_updated=yes
}

# The tests start servers of their own; those that the packages would keep running are not wanted.
stop_packaged_services() {
    [ -d /run/systemd/system ] || return 0
    for service in "$@"; do
        systemctl disable --quiet --now "$service.service" 2>/dev/null || true
    done
}

# Usage: install_packages NAME CHECK SERVICES PACKAGE...
install_packages() {
    name=$1 check=$2 services=$3
    shift 3
    if "$check"; then
        say "$name is installed"
    elif ! command -v apt-get >/dev/null 2>&1; then
        skip "$name ($*)" "apt-get is not available; on Debian or Ubuntu it would be"
    elif [ "$(id -u)" -ne 0 ]; then
        skip "$name ($*)" "installing packages needs root; run \`make live\` as root once, or install them by hand"
    else
        say "installing $name"
        # No recommended packages: they would bring a mail server and another database server along.
        if { update_packages && DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y -qq \
            --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; } >"$cache/apt.log" 2>&1 && "$check"; then
            # The list of services is split into words on purpose.
            # shellcheck disable=SC2086
            stop_packaged_services $services
            say "$name is installed"
        else
            tail -n 5 "$cache/apt.log" >&2
            skip "$name ($*)" "apt-get failed or brought another version; its output is in $cache/apt.log"
        fi
    fi
}

# --- Python and Node.js packages ---------------------------------------------------------------------------

# Lists of requirements are split into words on purpose.
# shellcheck disable=SC2086
make_environment() {
    python3 -m venv --clear "$1" && timeout 600 "$1/bin/pip" install --quiet --disable-pip-version-check $2
}

# shellcheck disable=SC2086
make_node_modules() (
    rm -rf "$1" && mkdir -p "$1" && cd "$1" || return 1
    echo '{"private": true}' >package.json
    # Where Node.js has brought its headers along, nothing has to be fetched to compile against them.
    prefix=$(dirname "$(dirname "$(command -v node)")")
    [ ! -f "$prefix/include/node/node.h" ] || export npm_config_nodedir="$prefix"
    timeout 600 npm install --no-audit --no-fund --ignore-scripts $2 || return 1
    # The one module whose script is needed: it compiles SQLite.
    [ ! -d node_modules/better-sqlite3 ] || timeout 600 npm rebuild better-sqlite3
)

# Usage: install_into FOLDER NAME REQUIREMENTS MAKE
install_into() {
    folder=$cache/$1 name=$2 requirements=$3
    stamp=$folder/requirements.txt
    if [ "$(cat "$stamp" 2>/dev/null)" = "$requirements" ]; then
        say "$name is installed"
        return
    fi
    say "installing $name into $folder"
    if "$4" "$folder" "$requirements" >"$cache/$1.log" 2>&1; then
        # Written last, so that an interrupted installation is done again.
        printf '%s' "$requirements" >"$stamp"
        say "$name is installed"
    else
        tail -n 5 "$cache/$1.log" >&2
        skip "$name ($requirements)" "the installation failed; its output is in $cache/$1.log"
    fi
}

install_node_servers() {
    install_packages "Node.js 18.7 or newer with npm" has_node "" nodejs npm
    if has_node; then
        install_into oidc "oidc-provider" "$oidc_requirements" make_node_modules
        install_into bluesky "the Bluesky network" "$bluesky_requirements" make_node_modules
    else
        skip "oidc-provider and the Bluesky network" "Node.js 18.7 or newer with npm is missing"
    fi
}

mkdir -p "$cache"
install_packages "Request Tracker 5" has_request_tracker request-tracker5 request-tracker5 rt5-db-sqlite rt5-standalone
install_packages "nginx" has_nginx nginx nginx-light
install_packages "PostgreSQL with Redis" has_databases "postgresql redis-server" postgresql redis-server
install_into mailman "Mailman core" "$mailman_requirements" make_environment
install_into tap "a Singer tap" "$tap_requirements" make_environment
install_node_servers
if [ "$skipped" -gt 0 ]; then
    printf '*** live: %s servers or their needs are missing; the tests that need them will be skipped\n' "$skipped" >&2
fi
