# Sensitivity, subgroups, small-study effects by metafor and the Bayesian model by bayesmeta, into
# fixtures/{sensitivity,subgroups,bias,bayes}.json. Run by regenerate.sh, which says what is needed.
# Debian has no bayesmeta. Where it is not installed, BAYESMETA_R may name a copy of its R/bayesmeta.R (3.4);
# without either, fixtures/bayes.json is left as it is.

suppressPackageStartupMessages(library(metafor))
invisible(Sys.setlocale("LC_COLLATE", "C"))
set.seed(20261126, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

# Numbers with 17 digits, so that reading them gives back the same double.
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    inner <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[", paste(inner, collapse = ","), "]"))
    return(paste0("{", paste0('"', names(x), '":', inner, collapse = ","), "}"))
  }
  one <- if (is.character(x)) paste0('"', gsub('"', '\\\\"', x), '"')
         else if (is.logical(x)) ifelse(is.na(x), "null", tolower(as.character(x)))
         else ifelse(is.finite(x), sprintf("%.17g", x), "null")
  if (length(one) == 1 && is.null(attr(x, "list"))) one else paste0("[", paste(one, collapse = ","), "]")
}
many <- function(x) structure(x, list = TRUE)
lines <- function(list) paste0("[\n", paste(vapply(list, json, ""), collapse = ",\n"), "\n]")
save_as <- function(topic, cases, data) {
  columns <- lapply(data, function(d) lapply(as.list(d), many))
  cat('{"data":{\n', paste0('"', names(columns), '":', vapply(columns, json, ""), collapse = ",\n"), '\n},\n"cases":',
      lines(cases), "}\n", sep = "", file = paste0("fixtures/", topic, ".json"))
  cat(topic, length(cases), "cases\n")
}

# The data: published sets that ship with metafor and metadat, and made-up ones for the corners.
frame <- function(yi, vi, year, x = NULL, f = NULL) {
  d <- data.frame(yi = as.numeric(yi), vi = as.numeric(vi), year = as.numeric(year))
  if (!is.null(x)) d$x <- as.numeric(x)
  if (!is.null(f)) d$f <- as.character(f)
  d
}
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
magnesium <- escalc(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.egger2001)
stroke <- escalc(measure = "MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
se <- exp(runif(15, log(0.05), log(0.7)))
skewed <- frame(-0.1 - 1.2 * se + rnorm(15, 0, se), se^2, 2001:2015, rnorm(15), rep(c("a", "b", "c"), 5))
v <- runif(10, 0.05, 0.3)
alike <- frame(0.4 + 0.3 * sqrt(v) * scale(rnorm(10)), v, 2010:2019, rnorm(10), rep(c("a", "b"), 5))
DATA <- list(
  bcg = with(bcg, frame(yi, vi, year, ablat, alloc)),                                # Colditz 1994, log risk ratio
  hackshaw1998 = with(dat.hackshaw1998, frame(yi, vi, year, year - 1990, design)),   # Hackshaw 1998, log odds ratio
  egger2001 = with(magnesium, frame(yi, vi, year, year - 1990, ifelse(n1i + n2i > 150, "large", "small"))),
  raudenbush1985 = with(dat.raudenbush1985, frame(yi, vi, year, weeks, tester)),     # Raudenbush & Bryk 1985, SMD
  normand1999 = with(stroke, frame(yi, vi, 1:9, n1i + n2i, ifelse(n1i + n2i >= 100, "large", "small"))),
  skewed = skewed, alike = alike,
  # Estimates, variances and years that repeat.
  ties = frame(c(-0.5, -0.5, -0.25, -0.25, 0, 0, 0.25, -1, -1.5, -0.75, -0.75, -2),
               c(0.04, 0.04, 0.04, 0.0625, 0.0625, 0.0625, 0.04, 0.16, 0.36, 0.16, 0.25, 0.49),
               c(2001, 2001, 2001, 2004, 2004, 2002, 2002, 2003, 2006, 2006, 2005, 2005), 1:12, rep(c("b", "a"), 6)),
  three = frame(c(-1.1, -0.2, -0.5), c(0.05, 0.02, 0.08), c(2019, 2014, 2021)),
  five = frame(c(-0.9, -0.3, 0.2, -0.4, -3), c(0.1, 0.03, 0.06, 0.02, 0.3), c(2019, 2014, 2021, 2020, 2022), 1:5)  # an outlier
)
METHODS <- c("REML", "DL", "PM", "EE")
TESTS <- c("knha", "z")
full <- c("bcg", "alike", "three", "five", "normand1999")
grid <- function(name) if (!name %in% full) list(c("REML", "knha"), c("DL", "z")) else
  unlist(lapply(METHODS, function(m) lapply(TESTS, function(t) c(m, t))), recursive = FALSE)

# Tight stopping rules, relative to the scale of the data, so that a difference is one of method.
controls <- function(d, method) {
  scale <- stats::var(d$yi)
  if (method == "PM") list(tol = 1e-14 * scale, maxiter = 100000, tau2.max = 1e4 * scale)
  else list(threshold = 1e-12 * scale, maxiter = 10000)
}
pool <- function(d, method, test, ...) suppressWarnings(
  rma(yi, vi, data = d, method = method, test = test, control = controls(d, method), ...))
key <- function(kind, name, mt, ...) list(kind = kind, data = name, method = mt[1], test = mt[2], ...)

# --- sensitivity ---------------------------------------------------------------------------------------------------
steps <- function(out) {
  names(out)[names(out) %in% c("pval", "pvals")] <- "p"
  statistic <- if (is.null(out$tval)) out$zval else out$tval
  tau2 <- if (is.null(out$tau2)) 0 * out$estimate else out$tau2
  list(estimate = many(as.vector(out$estimate)), se = many(out$se), statistic = many(statistic), p = many(out$p),
       ci_low = many(out$ci.lb), ci_high = many(out$ci.ub), q = many(out$Q), q_p = many(out$Qp), tau2 = many(tau2),
       i2 = many(out$I2), h2 = many(out$H2))
}
influences <- function(fit) {
  done <- suppressWarnings(influence(fit))
  out <- lapply(unclass(done$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")], many)
  names(out) <- c("rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "q_del", "hat", "weight")
  betas <- unclass(done$dfbs)[setdiff(names(done$dfbs), c("slab", "digits"))]
  c(out, list(dfbetas = unname(lapply(betas, many)), influential = many(done$is.infl)))
}
cases <- list()
add <- function(case) cases[[length(cases) + 1]] <<- case
for (name in names(DATA)) for (mt in grid(name)) {
  d <- DATA[[name]]
  fit <- pool(d, mt[1], mt[2])
  add(c(key("leave_one_out", name, mt), steps(leave1out(fit))))
  running <- suppressWarnings(cumul(fit, order = d$year))
  add(c(key("cumulative", name, mt), list(order = many(running$ids - 1)), steps(running)))
  add(c(key("influence", name, mt, mods = FALSE), influences(fit)))
  if (!is.null(d$x) && name != "hackshaw1998")
    add(c(key("influence", name, mt, mods = TRUE), influences(pool(d, mt[1], mt[2], mods = ~ x))))
}
save_as("sensitivity", cases, DATA)

# --- subgroups -----------------------------------------------------------------------------------------------------
sub <- Filter(function(d) !is.null(d$f), DATA)
sub$singleton <- transform(DATA$bcg, f = replace(as.character(f), 3, "alone"))
sub$three_levels <- transform(DATA$raudenbush1985, f = c("low", "mid", "high")[1 + (seq_along(yi) %% 3)])
cases <- list()
for (name in names(sub)) for (method in METHODS) for (test in TESTS) {
  d <- sub[[name]]
  levels <- names(which(table(d$f) >= 2))
  fits <- lapply(levels, function(l) pool(d[d$f == l, ], method, test))
  get <- function(what) vapply(fits, function(x) as.numeric(x[[what]])[1], 0)
  together <- pool(d[d$f %in% levels, ], method, test, mods = ~ f)
  apart <- rma(get("beta"), sei = get("se"), mods = ~ factor(levels), method = "EE")
  add(list(data = name, method = method, test = test, levels = many(levels), k = many(get("k")), estimate = many(get("beta")),
           se = many(get("se")), p = many(get("pval")), ci_low = many(get("ci.lb")), ci_high = many(get("ci.ub")),
           tau2 = many(get("tau2")), i2 = many(get("I2")), q = many(get("QE")),
           common_tau2 = together$tau2, common_statistic = together$QM, common_p = together$QMp,
           separate_statistic = apart$QM, separate_p = apart$QMp))
}
save_as("subgroups", cases, sub)

# --- bias ----------------------------------------------------------------------------------------------------------
big <- DATA[c("bcg", "hackshaw1998", "egger2001", "raudenbush1985", "skewed", "alike", "ties", "normand1999")]
# Its search for tau2 can be caught at zero, where the likelihood is lower than further up: egger2001 on vi by ML. So it
# is started a second time from the variance of the estimates; `first_tau2` says where the first search ended.
regression <- function(d, predictor, model, method = "EE", test = "z") {
  start <- function(...) {
    fit <- pool(d, method, test)
    fit$control <- c(controls(d, method), ...)
    suppressWarnings(regtest(fit, model = model, predictor = predictor, ret.fit = TRUE))
  }
  done <- start()
  lm <- model == "lm"
  first <- if (lm) NULL else done$fit$tau2
  if (method %in% c("REML", "ML")) {
    again <- start(list(tau2.init = stats::var(d$yi)))
    if (as.numeric(logLik(again$fit)) > as.numeric(logLik(done$fit)) + 1e-6) done <- again
  }
  slope <- if (lm) coef(summary(done$fit))[2, 1:2] else c(done$fit$beta[2], done$fit$se[2])
  intercept <- if (lm) coef(summary(done$fit))[1, ] else c(done$fit$beta[1], done$fit$se[1], done$fit$zval[1], done$fit$pval[1])
  list(slope = slope[[1]], slope_se = slope[[2]], statistic = as.vector(done$zval), p = as.vector(done$pval),
       estimate = as.vector(done$est), se = intercept[[2]], estimate_statistic = intercept[[3]], estimate_p = intercept[[4]],
       ci_low = as.vector(done$ci.lb), ci_high = as.vector(done$ci.ub), tau2 = if (lm) 0 else done$fit$tau2,
       first_tau2 = if (is.null(first)) 0 else first)
}
filled <- function(d, method, test, estimator, side) {
  fit <- pool(d, method, test)
  wanted <- list(fit, estimator = estimator, control = controls(d, method))
  done <- suppressWarnings(do.call(trimfill, if (is.null(side)) wanted else c(wanted, side = side)))
  # The test of the pool must be asked for a second time: trimfill() falls back on z.
  again <- pool(data.frame(yi = as.numeric(done$yi), vi = as.numeric(done$vi)), method, test)
  list(k0 = done$k0, se_k0 = done$se.k0, p_k0 = done$p.k0, found_side = done$side,
       filled_yi = many(as.numeric(done$yi)[done$fill]), filled_vi = many(done$vi[done$fill]),
       estimate = as.vector(again$beta), se = again$se, p = again$pval, ci_low = again$ci.lb, ci_high = again$ci.ub,
       tau2 = again$tau2, estimate_metafor = as.vector(done$beta))
}
cases <- list()
for (name in names(big)) {
  d <- big[[name]]
  for (predictor in c("sei", "vi")) {
    add(c(list(kind = "regression", data = name, predictor = predictor, model = "lm"), regression(d, predictor, "lm")))
    for (method in c("REML", "DL", "ML")) for (test in TESTS)
      add(c(list(kind = "regression", data = name, predictor = predictor, model = "rma", method = method, test = test),
            regression(d, predictor, "rma", method, test)))
  }
  for (mt in list(c("REML", "knha"), c("REML", "z"), c("DL", "z"), c("EE", "z"))) for (estimator in c("L0", "R0"))
    for (side in list(NULL, "left", "right"))
      add(c(key("trim_fill", name, mt, estimator = estimator, side = if (is.null(side)) "auto" else side),
            filled(d, mt[1], mt[2], estimator, side)))
  done <- suppressWarnings(ranktest(d$yi, d$vi))
  add(list(kind = "rank", data = name, tau = as.vector(done$tau), p = as.vector(done$pval)))
}
save_as("bias", cases, big)

# --- the Bayesian model --------------------------------------------------------------------------------------------
copy <- Sys.getenv("BAYESMETA_R")
if (requireNamespace("bayesmeta", quietly = TRUE)) { suppressPackageStartupMessages(library(bayesmeta))
} else if (nzchar(copy)) { suppressPackageStartupMessages({library(mvtnorm); library(numDeriv)}); source(copy)
} else { cat("bayes: bayesmeta is not here, the fixture stays\n"); quit(save = "no") }
crins <- escalc(measure = "OR", ai = c(14, 16, 3, 9, 4, 0), n1i = c(61, 28, 18, 54, 36, 50),
                ci = c(15, 19, 8, 29, 11, 3), n2i = c(20, 28, 12, 54, 36, 34))
trials <- list(
  two = data.frame(yi = c(-0.62, 0.15), vi = c(0.041, 0.066)),
  three = DATA$three[1:2], five = DATA$five[1:2], bcg = DATA$bcg[1:2],
  crins = data.frame(yi = as.numeric(crins$yi), vi = as.numeric(crins$vi))  # Crins 2014, in Roever 2020, section 3
)
# Roever's copies of the published priors of tau2, halved for tau.
rhodes <- RhodesEtAlPrior("mental health", "pharma", "placebo")
turner <- TurnerEtAlPrior("mental health", "pharma", "placebo")
PRIORS <- list(
  half_normal_0.5 = function(t) dhalfnormal(t, scale = 0.5), half_normal_1 = function(t) dhalfnormal(t, scale = 1),
  half_cauchy_0.5 = function(t) dhalfcauchy(t, scale = 0.5), rhodes = rhodes$dprior, turner = turner$dprior)
MU <- list(flat = c(NA, NA), normal = c(0, 4))
# The finest mixture and integrals that bayesmeta gets through: some are too fine for its integrate().
# Its effect and prediction come from a mixture over a grid of tau, as exact as delta is small; its tau is integrated.
FINE <- data.frame(delta = c(1e-4, 1e-3, 1e-2, 1e-2), tolerance = c(1e-10, 1e-8, 2^16 * .Machine$double.eps, 1e-6))
posterior <- function(d, prior, mu) {
  for (i in seq_len(nrow(FINE))) {
    done <- try(bayesmeta(y = d$yi, sigma = sqrt(d$vi), tau.prior = prior, mu.prior = mu, interval.type = "central",
                          delta = FINE$delta[i], epsilon = min(1e-4, FINE$delta[i]^2), rel.tol.integrate = FINE$tolerance[i]), silent = TRUE)
    if (!inherits(done, "try-error")) return(c(done, list(delta = FINE$delta[i])))
  }
  list(failed = tidy(attr(done, "condition")$message))
}
tidy <- function(text) gsub("[[:space:]]+", " ", paste(text, collapse = " "))
cases <- list()
for (name in names(trials)) for (prior in names(PRIORS)) for (mu in names(MU)) {
  if (mu == "normal" && prior != "half_normal_0.5") next
  d <- trials[[name]]
  done <- posterior(d, PRIORS[[prior]], MU[[mu]])
  id <- list(data = name, prior = prior, mu = mu)
  if (!is.null(done$failed)) { add(c(id, list(failed = done$failed))); next }
  s <- done$summary
  one <- function(col) many(unname(s[c("mean", "sd", "median", "95% lower", "95% upper"), col]))
  shrunken <- done$theta[c("mean", "sd", "95% lower", "95% upper"), ]
  add(c(id, list(delta = done$delta, tau = one("tau"), effect = one("mu"), prediction = one("theta"),
                 p_negative = done$pposterior(mu = 0),
                 shrunken = unname(lapply(seq_len(nrow(d)), function(i) many(unname(shrunken[, i])))))))
}
save_as("bayes", cases, trials)
