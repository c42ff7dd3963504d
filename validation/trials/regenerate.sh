#!/bin/sh
# Make the fixtures again with R nlme, mmrm, survival and stats, and write which versions did it.
#
#   validation/trials/regenerate.sh
#
# Needs Rscript, nlme and survival: apt-get install r-base-core r-cran-nlme r-cran-survival.
# mmrm is not in Debian. Where it is not installed, or MMRM_LIB does not name a library that holds it, the figures
# of mmrm (degrees of freedom, Kenward-Roger) and its data set would be lost, so the script stops before it writes.
# The tests read the fixtures only and need no R.
set -eu
cd "$(dirname "$0")"

if ! command -v Rscript >/dev/null; then
    echo "Rscript is not installed: apt-get install r-base-core r-cran-nlme r-cran-survival" >&2
    exit 1
fi
mkdir -p fixtures
Rscript --vanilla analysis.R
