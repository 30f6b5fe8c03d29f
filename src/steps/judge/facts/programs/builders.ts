/**
 * Compilers, build tools and package managers: what they run is written in
 * the project, or comes from a registry.
 *
 * @module
 */
import type { Program, Table } from "./table.ts";

const RECIPES = "runs what the project says";
const REGISTRY = "a package registry";

/** Without a registry, an interpreter or a file of its own. */
const PIP_SHOWS: Program = {
  options: "-v,--verbose -q,--quiet -l,--local --user --format=text -f,--files --not-required -e --editable --all",
  operands: "text*",
};

export const BUILDERS: Table = {
  "make gmake bmake ninja cmake meson scons bazel buck just task waf qmake autoconf automake autoreconf configure libtool autoheader aclocal autom4te":
    {
      open: true,
      options:
        "-f,--file,--makefile=script -C,--directory=folder -I=read --eval=code -j?text -o=text -W=text -E=never -P=never",
      operands: "text*",
      never: RECIPES,
    },
  "npm yarn pnpm npx bunx corepack lerna nx turbo": {
    open: true,
    operands: "text*",
    commands: {
      ls: { open: true, operands: "text*" },
      list: { open: true, operands: "text*" },
      root: { open: true },
      bin: { open: true },
      "-v": { open: true },
      install: "reaches a package registry and runs what packages say",
      ci: "reaches a package registry and runs what packages say",
      run: RECIPES,
      test: RECIPES,
      start: RECIPES,
    },
  },
  "npx bunx uvx pipx": { open: true, operands: "argv", never: "fetches and runs a package" },
  cargo: {
    open: true,
    options: "--config=never -Z=text --manifest-path=read -C=folder",
    operands: "text*",
    commands: {
      tree: { open: true, operands: "text*" },
      metadata: { open: true, operands: "text*" },
      version: { open: true },
      build: RECIPES,
      check: RECIPES,
      test: RECIPES,
      run: RECIPES,
      clippy: RECIPES,
      fmt: RECIPES,
    },
  },
  go: {
    open: true,
    operands: "text*",
    commands: {
      version: { open: true, operands: "text*" },
      env: { open: true, options: "-w! -u!", operands: "text*" },
      list: {
        open: true,
        options: "-toolexec=never -exec=never -overlay=config -modfile=read -f=text",
        single: true,
        operands: "text*",
      },
      doc: { open: true, operands: "text*" },
      fmt: { open: true, operands: "edit*" },
      vet: { open: true, options: "-vettool=never -toolexec=never", single: true, operands: "text*" },
    },
  },
  "pip pip2 pip3 uv conda mamba poetry pipenv easy_install eb hatch pdm rye": {
    open: true,
    operands: "text*",
    commands: {
      list: PIP_SHOWS,
      show: PIP_SHOWS,
      freeze: PIP_SHOWS,
      check: PIP_SHOWS,
    },
  },
  "apt apt-get aptitude yum dnf zypper rpm pacman apk brew pkg opkg port emerge nix nix-env nix-shell guix yay paru xbps-install tdnf microdnf apt-mark dpkg-reconfigure urpmi":
    {
      open: true,
      options: "-o=never -c=config",
      operands: "text*",
      never: "changes what is installed",
      reaches: REGISTRY,
    },
  "dpkg dpkg-query dpkg-deb rpmquery rpm2cpio apt-cache rpmdb rpmverify": {
    options:
      "-l,--list -L,--listfiles -s,--status -S,--search -W,--show -p -I,--info -c,--contents -f=text --showformat=text",
    operands: "read*",
  },
  "rpmquery rpmverify rpmdb": { options: "-q -a -i -l", operands: "text*" },
  "gcc g++ cc c++ clang clang++ cpp tcc c89 c99 gfortran gnat icc nvcc dmd gdc gccgo emcc": {
    open: true,
    options:
      "-o=write -I=read -L=read -D=text -U=text -include=read -imacros=read -isystem=read -x=text -l=text -MF=write -MT=text -wrapper=never -B=never -fplugin=never -specs=never -T=config -Xlinker=never -load=never",
    single: true,
    special: "compiler",
  },
  "ccache distcc sccache icecc": { open: true, operands: "argv", never: "starts a compiler" },
  "ld ld.gold ld.lld gold lld": {
    open: true,
    options: "-o=write -plugin=never -T=config --plugin=never -dT=config",
    special: "compiler",
    operands: "read*",
  },
  "as nasm yasm": {
    open: true,
    options: "-o=write -I=read -f=text -l=write -D=text -P=read -p=read -a?text -e=text -MD=write",
    operands: "read*",
    special: "compiler",
  },
  "nm objdump size ldd readelf addr2line c++filt ldconfig": {
    open: true,
    options:
      "-C?text --plugin=never -e=read -j=text -t=text -w?text -f=config -r=never -b=text -m=text -x=text -p=text -R=text",
    operands: "read*",
    special: "compiler",
  },
  "objcopy strip ranlib": { open: true, options: "-o=write --plugin=never", operands: "edit*", special: "compiler" },
  "tsx ts-node dotnet esbuild vite vitest webpack rollup parcel gulp grunt mocha cypress playwright storybook jekyll hugo mkdocs sphinx-build doxygen asciidoctor plantuml isort bandit django-admin flask celery gunicorn uvicorn puma rackup unicorn sidekiq alembic prisma knex sequelize invoke fab rustup virtualenv javac rustc rustdoc rustfmt tsc mypy pyright ruff black eslint prettier jest pytest tox nox coverage flake8 pylint shellcheck cobc valac swiftc javadoc jar":
    {
      open: true,
      options: "-o=write -d=write -c=config --config=config",
      operands: "edit*",
      never: "takes plugins and settings from the project",
    },
  shellcheck: { open: true, options: "-f=text -s=text -e=text -i=text -x! -P=text", operands: "read*" },
  "gettext msgfmt msgcat msgattrib msgconv msgmerge msguniq msgfilter xgettext msgexec msgen msgcomm": {
    options: "-o,--output-file=write -i=read --input=read -P -p -s -w=text",
    operands: "read*",
    special: "compiler",
  },
  git: { special: "git" },
  "svn hg bzr cvs fossil darcs p4": {
    open: true,
    options: "--config=never --config-option=never --config-file=config --diff-cmd=shell --editor-cmd=shell -d=text",
    operands: "text*",
    commands: {
      status: { open: true, operands: "text*" },
      diff: { open: true, options: "--diff-cmd=shell -x=text --extensions=text --internal-diff", operands: "read*" },
      log: { open: true, operands: "text*" },
      info: { open: true, operands: "text*" },
    },
  },
  "terraform pulumi packer serverless cdk vault consul nomad aws gcloud az doctl heroku gh glab firebase tofu terragrunt tailscale op bw rabbitmqctl k9s lxd":
    {
      open: true,
      operands: "text*",
      never: "reaches a service",
    },
  "protoc bison flex yacc lex swig": {
    open: true,
    options: "-o=write --plugin=never -m=never --skeleton=never -S=never",
    operands: "read*",
    special: "compiler",
  },
};
