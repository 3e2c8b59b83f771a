# The npm scripts under shorter names: `just` lists them. Each recipe runs the npm script of its name.

# list the recipes
default:
    @just --list

# build dist/goclaw
build:
    npm run build

# install what is missing, build what is stale, run the tests: just test test/unit
test *ARGS:
    npm test -- {{ARGS}}

# try dist/goclaw alone, in an empty directory with an empty environment
smoke:
    npm run smoke

# formatting, types, layers, dead code
check:
    npm run check

# format in place
format:
    npm run format

# everything the CI runs
ci:
    npm run ci

# build, install to INSTALL_DIR and run the demo
install:
    ./install.sh
