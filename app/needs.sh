# What the scripts app/start and tests/run share: finding out what is missing, and getting it where we may.
# shellcheck shell=sh

# Libraries that the window loads when it starts (winit and glutin open them by name).
WINDOW_PACKAGES="libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libxkbcommon0 libxkbcommon-x11-0 libwayland-client0 libwayland-egl1 libegl1 libgl1 libgl1-mesa-dri"

note() {
    printf 'fabula: %s\n' "$*" >&2
}

# need_command NAME WHAT: whether the command is there; says what to get where it is not.
need_command() {
    command -v "$1" >/dev/null 2>&1 && return 0
    note "$1 is missing; install $2"
    return 1
}

# need_compilers: what the dependencies are built with. librdkafka's own set-up asks for a C++ compiler as well.
need_compilers() {
    need_command cargo "Rust, from https://rustup.rs" || return 1
    need_command cc "a C compiler" || return 1
    need_command perl "perl" || return 1
    need_command make "make" || return 1
    command -v c++ >/dev/null 2>&1 || need_packages "g++" || need_command c++ "a C++ compiler (Debian: g++)"
}

# missing_packages NAMES: those Debian packages that are not installed; nothing where this is not Debian.
missing_packages() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    for package in $1; do
        case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" in
            *" installed") ;;
            *) printf '%s ' "$package" ;;
        esac
    done
}

# need_packages NAMES: installs what is missing where this is Debian and we are root, else names it.
need_packages() {
    missing=$(missing_packages "$1")
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" != 0 ]; then
        note "these packages are missing; as root: apt-get install $missing"
        return 1
    fi
    note "installing $missing"
    # shellcheck disable=SC2086
    if (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) >&2; then
        return 0
    fi
    note "these packages could not be installed: $missing"
    return 1
}

# cargo_target_dir ROOT: where cargo puts what it builds.
cargo_target_dir() {
    cargo metadata --manifest-path "$1/Cargo.toml" --format-version 1 --no-deps --offline 2>/dev/null |
        sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# with_virtual_display COMMAND…: runs it on an Xvfb of its own, which ends with it.
with_virtual_display() {
    numbers=$(mktemp)
    Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp 3>"$numbers" 2>/dev/null &
    server=$!
    trap 'kill "$server" 2>/dev/null; rm -f "$numbers"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    waited=0
    while [ ! -s "$numbers" ]; do
        if ! kill -0 "$server" 2>/dev/null || [ "$waited" -ge 100 ]; then
            note "the virtual display did not start; try: Xvfb :99"
            return 1
        fi
        sleep 0.1
        waited=$((waited + 1))
    done
    status=0
    DISPLAY=":$(cat "$numbers")" LIBGL_ALWAYS_SOFTWARE=1 "$@" || status=$?
    return "$status"
}
