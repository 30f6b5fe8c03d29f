/**
 * Languages: what they are given is code, and code is not judged.
 *
 * @module
 */
import type { Table } from "./table.ts";

const BARE = "takes code from its standard input";

export const INTERPRETERS: Table = {
  "python pypy python2 python3 micropython ipython": {
    options:
      "-c=code -m=never -B -b -d -E -h -I -i! -O -OO -q -s -S -u -v -V -W=text -x -X=text --check-hash-based-pycs=text",
    operands: "script text*",
    posix: true,
    asks: "-V -VV -h",
    bare: BARE,
  },
  perl: {
    options:
      "-e=code -E=code -n -p -i?text -l~text -a -F?text -0~text -w -W -X -s -S -t -T -u -U -v -V?text -c -d?never -D?never -I=never -m?never -M?never -x?never -C?text -h",
    operands: "script text*",
    posix: true,
    asks: "-v -V",
    special: "perl",
  },
  ruby: {
    options:
      "-e=code -n -p -i?text -l -a -F?text -0~text -w -W~text -c -v -r=never -I=never -s -S -C=never -E=text -K=text -T -x",
    operands: "script text*",
    posix: true,
    asks: "-v -h",
    bare: BARE,
  },
  "node nodejs deno bun": {
    options: "-e,--eval=code -p,--print=code -c,--check -v -r,--require=never -i! --import=never",
    operands: "script text*",
    posix: true,
    asks: "-v -h",
    bare: BARE,
  },
  php: {
    options:
      "-r=code -f=script -R=code -B=code -E=code -F=script -a! -c=config -d=never -e -i -l -m -n -s -S=never -t=folder -v -w -z=never -q",
    operands: "script text*",
    posix: true,
    asks: "-v -i -m -h --ini",
    bare: BARE,
  },
  "lua luajit texlua luac": {
    options: "-e=code -i! -l=never -v -E -W -o=write -p -s",
    operands: "script text*",
    posix: true,
    asks: "-v",
    bare: BARE,
  },
  "R Rscript r littler": {
    options: "-e=code -f=script --file=script --no-save --vanilla --slave --no-restore -q --quiet",
    operands: "script text*",
    bare: BARE,
  },
  "tclsh wish expectk jimsh": { operands: "script text*", posix: true, bare: BARE },
  "fish csh tcsh elvish nu xonsh rc es scsh ion oil osh ysh pwsh powershell sash slsh tasksh ksshell": {
    options: "-c=code -C=code -e=code -f -l -i -N",
    operands: "script text*",
    posix: true,
    bare: "obeys its standard input",
  },
  "guile mit-scheme racket sbcl clisp ecl chibi csi gsi scheme chez": {
    options: "-c=code -e=code -s=script -l=script",
    operands: "script text*",
    posix: true,
    bare: BARE,
  },
  "ghci ghc runghc runhaskell stack cabal ocaml utop erl elixir iex julia groovy scala kotlin jshell clojure clj swift dart raku crystal nim zig":
    {
      options: "-e=code --eval=code",
      operands: "script text*",
      posix: true,
      bare: BARE,
    },
  "java javaw jrunscript jjs jdb": {
    options: "-cp=never -jar=script -classpath=never -version -e=code",
    single: true,
    asks: "-version",
    operands: "never*",
    bare: BARE,
  },
  "octave matlab scilab maxima gp ginsh gnuplot": { options: "--eval=code -e=code", operands: "script*", bare: BARE },
  "swipl prolog gprolog idle jupyter ptpython pyspark spark-shell spark-submit irb pry byebug pdb ghostscript gs bpython":
    { open: true, operands: "script*", never: "takes code" },
  "rake rails bundle bundler gem cpan pecl pear composer hex mix rebar3 lein sbt gradle gradlew mvn ant": {
    open: true,
    operands: "text*",
    never: "runs what the project says",
  },
  m4: {
    options: "-D=text -U=text -I=read -P -Q -s -E -G -d?text --define=text",
    operands: "script*",
    never: "runs what its input says",
  },
  "sqlite3 sqlite": {
    options:
      "-cmd=code -init=config -batch -header -noheader -column -csv -json -line -list -html -separator=text -nullvalue=text -readonly -bail -safe -version -interactive",
    single: true,
    operands: "edit code",
    bare: "takes commands",
    obeysInput: true,
  },
  "mysql mariadb mycli": {
    options:
      "-h,--host=host -P,--port=text -u,--user=text -p?text --password?text -D,--database=text -e,--execute=code -B,--batch -N -s -t -v -A --ssl --init-command=never --pager=shell --tee=write --defaults-file=config --defaults-extra-file=config --default-auth=never --plugin-dir=never",
    operands: "text*",
    never: "takes commands",
  },
  "psql pgcli": {
    options:
      "-h,--host=host -p,--port=text -U,--username=text -d,--dbname=text -c,--command=code -f,--file=script -o,--output=write -L=write -l,--list -A -t -q -X -w -W -1 -v=text -P=text -F=text",
    operands: "text*",
    never: "takes commands",
  },
  "mongo mongosh redis-cli redis-server cqlsh sqlplus isql duckdb influx clickhouse-client etcdctl redis": {
    open: true,
    operands: "text*",
    never: "takes commands",
  },
  "mysqldump pg_dump pg_dumpall mysqladmin mongodump": {
    open: true,
    options: "-h,--host=host -f=write --file=write -r=write --result-file=write -T=write --tab=write",
    operands: "text*",
    never: "reaches a database",
  },
  "latex pdflatex xelatex lualatex tex pdftex xetex luatex latexmk": {
    options: "-interaction=text -halt-on-error -output-directory=write -jobname=text -no-shell-escape",
    single: true,
    operands: "script*",
    bare: BARE,
  },
  "groff troff nroff eqn tbl pic soelim grog dvips enscript a2ps pslatex": {
    options: "-T=text -m=text -t -e -p -s -P=never",
    operands: "script*",
  },
  "easyrsa plymouth pp kotlinc scalac txr awka": { open: true, operands: "script*", never: "takes code" },
  "byexample gimp blender inkscape libreoffice soffice krita gimp-console": {
    open: true,
    operands: "script*",
    never: "runs scripts of its own",
  },
};
