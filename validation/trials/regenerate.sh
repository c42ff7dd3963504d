#!/bin/sh
# Make the fixtures again with R, and write which versions did it: designs.R (bounds and power) and analysis.R.
#
#   validation/trials/regenerate.sh
#
# Needs Rscript, nlme, survival, rpact, mvtnorm and pwr:
# apt-get install r-base-core r-cran-nlme r-cran-survival r-cran-rpact r-cran-mvtnorm r-cran-pwr.
# mmrm is not in Debian. Where it is not installed, or MMRM_LIB does not name a library that holds it, the figures
# of mmrm (degrees of freedom, Kenward-Roger) and its data set would be lost, so analysis.R stops before it writes.
# The tests read the fixtures only and need no R.
set -eu
cd "$(dirname "$0")"

if ! command -v Rscript >/dev/null; then
    echo "Rscript is not installed: apt-get install r-base-core r-cran-nlme r-cran-survival" >&2
    exit 1
fi
mkdir -p fixtures
Rscript --vanilla designs.R
Rscript --vanilla crossover.R
Rscript --vanilla analysis.R
