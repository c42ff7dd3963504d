#!/bin/sh
# Make the fixtures again with R metafor, and write which versions did it.
#
#   validation/metafor/regenerate.sh            every script beside this one
#   validation/metafor/regenerate.sh pooling    one of them
#
# Needs Rscript and metafor: apt-get install r-base-core r-cran-metafor (it brings metadat).
# The tests read the fixtures only and need no R.
set -eu
cd "$(dirname "$0")"

if ! command -v Rscript >/dev/null; then
    echo "Rscript is not installed: apt-get install r-base-core r-cran-metafor" >&2
    exit 1
fi
mkdir -p fixtures
if [ $# -eq 0 ]; then
    set -- *.R
fi
for name in "$@"; do
    name=${name%.R}
    echo "$name"
    Rscript --vanilla "$name.R"
done
Rscript --vanilla -e '
  packages <- c("metafor", "metadat")
  seen <- vapply(packages, function(p) packageDescription(p)$Version, "")
  rows <- c(sprintf("  \"R\": \"%s.%s\"", R.version$major, R.version$minor), sprintf("  \"%s\": \"%s\"", packages, seen))
  cat("{\n", paste(rows, collapse = ",\n"), "\n}\n", sep = "", file = "versions.json")'
