# The mixed model of a two-period crossover by R: nlme::lme, REML, random intercepts.
# Run in this folder: Rscript --vanilla crossover.R
suppressPackageStartupMessages(library(nlme))
set.seed(20261126, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
many <- function(x) paste0("[", paste(number(x), collapse = ","), "]")

made <- function(name, first, second, between, within, missing = 0) {
  n <- first + second
  order <- rep(1:0, c(first, second))
  y <- 30 + rnorm(n, 0, between) + cbind(rnorm(n, 0, within), rnorm(n, 2, within)) - 6 * cbind(order, 1 - order)
  gone <- matrix(runif(2 * n) < missing, n)
  gone[rowSums(gone) == 2, ] <- FALSE
  y[gone] <- NA
  list(name = name, y = round(y, 3), order = order)
}
CASES <- list(made("complete", 12, 12, 8, 4), made("uneven", 9, 15, 8, 4), made("missing", 20, 20, 8, 4, 0.15),
              made("little_between", 14, 14, 1.5, 6, 0.2), made("small", 4, 3, 6, 3))

fitted_by <- function(d) {
  n <- nrow(d$y)
  long <- data.frame(y = as.vector(d$y), id = factor(rep(seq_len(n), 2)), period = rep(0:1, each = n),
                     active = c(d$order, 1 - d$order))
  long <- long[!is.na(long$y), ]
  control <- lmeControl(maxIter = 500, msMaxIter = 5000, tolerance = 1e-12, msTol = 1e-14, niterEM = 200, opt = "optim")
  m <- lme(y ~ period + active, random = ~ 1 | id, data = long, method = "REML", control = control)
  t <- summary(m)$tTable
  sd <- as.numeric(VarCorr(m)[, "StdDev"])
  row <- function(name) sprintf('{"estimate":%s,"se":%s,"df":%s,"p":%s}', number(t[name, 1]), number(t[name, 2]),
                                number(t[name, 3]), number(t[name, 5]))
  sprintf('{"data":"%s","scores":[%s],\n"active_first":%s,\n"difference":%s,"period":%s,"between_sd":%s,"within_sd":%s}',
          d$name, paste(apply(d$y, 1, many), collapse = ",\n"), many(d$order), row("active"), row("period"),
          number(sd[1]), number(sd[2]))
}
cat('{"R":"', R.version$major, ".", R.version$minor, '","nlme":"', packageDescription("nlme")$Version, '",\n"cases":[',
    paste(vapply(CASES, fitted_by, ""), collapse = ",\n"), "]}\n", sep = "", file = "fixtures/crossover.json")
