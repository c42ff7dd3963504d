# Pooling by metafor: every data set x method x test x moderators of the grid, into fixtures/pooling.json.
# Run by regenerate.sh, which says what is needed.

suppressPackageStartupMessages(library(metafor))
invisible(Sys.setlocale("LC_COLLATE", "C"))  # factor levels in code-point order
set.seed(20261125, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

METHODS <- c("DL", "HE", "SJ", "ML", "REML", "EB", "PM", "EE")
TESTS <- c("knha", "z")

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

# The data: published sets that ship with metafor and metadat, and made-up ones for the corners.
frame <- function(yi, vi, x, f) data.frame(yi = as.numeric(yi), vi = as.numeric(vi), x = as.numeric(x), f = as.character(f))
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
stroke <- escalc(measure = "MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)
alike <- { v <- runif(8, 0.05, 0.3); frame(0.4 + 0.3 * sqrt(v) * scale(rnorm(8)), v, rnorm(8), rep(c("a", "b"), 4)) }
wide <- frame(rnorm(7, 0, 2), 10^seq(-8, 4, length.out = 7), rnorm(7), c("a", "b", "a", "b", "a", "b", "b"))
DATA <- list(
  bcg = with(bcg, frame(yi, vi, ablat, alloc)),
  normand1999 = with(stroke, frame(yi, vi, n1i + n2i, ifelse(n1i + n2i >= 100, "large", "small"))),
  hackshaw1998 = with(dat.hackshaw1998, frame(yi, vi, year, design)),
  raudenbush1985 = with(dat.raudenbush1985, frame(yi, vi, weeks, tester)),
  konstantopoulos2011 = with(dat.konstantopoulos2011, frame(yi, vi, year, paste0("d", district))),
  alike = alike,
  wide = wide,
  tiny = with(bcg, frame(yi * 1e-6, vi * 1e-12, ablat, alloc)),
  shifted = with(bcg, frame(yi + 1e4, vi, ablat, alloc)),
  two = frame(c(-0.62, 0.15), c(0.041, 0.066), c(1, 2), c("a", "b")),
  three = frame(c(-1.1, -0.2, -0.5), c(0.05, 0.02, 0.08), c(1, 2, 4), c("a", "b", "b"))
)
NOTES <- list(
  bcg = "Colditz et al. 1994, JAMA 271:698; log risk ratio; x absolute latitude, f allocation",
  normand1999 = "Normand 1999, Stat Med 18:321; mean difference in days; x patients, f 100 or more of them",
  hackshaw1998 = "Hackshaw 1998, Stat Methods Med Res 7:119; log odds ratio; x year, f design",
  raudenbush1985 = "Raudenbush & Bryk 1985, J Educ Stat 10:75; SMD; x weeks of contact, f tester",
  konstantopoulos2011 = "Konstantopoulos 2011, Res Synth Methods 2:61; SMD; x year, f district",
  alike = "generated, seed in the script: less spread than chance, tau2 = 0",
  wide = "generated: variances from 1e-8 to 1e4",
  tiny = "bcg in a unit a million times larger", shifted = "bcg, 10000 added to every estimate",
  two = "made up: two studies", three = "made up: three studies"
)
FORMULAS <- list(none = ~ 1, x = ~ x, f = ~ f)
moderators <- function(d) if (nrow(d) == 2) "none" else names(FORMULAS)

# Tight stopping rules, relative to the scale of the data, so that a difference is one of method.
controls <- function(d, method) {
  scale <- stats::var(d$yi)
  con <- list(threshold = 1e-12 * scale, maxiter = 10000)
  if (method == "PM") con <- list(tol = 1e-14 * scale, maxiter = 100000, tau2.max = 1e4 * scale)
  con
}
say <- new.env()
quietly <- function(expr) {
  say$warning <- NULL
  withCallingHandlers(
    tryCatch(expr, error = function(e) structure(list(message = conditionMessage(e)), class = "failed")),
    warning = function(w) { say$warning <- c(say$warning, conditionMessage(w)); invokeRestart("muffleWarning") })
}
tidy <- function(text) gsub("[[:space:]]+", " ", paste(text, collapse = " "))

case <- function(name, method, test, mods) {
  d <- DATA[[name]]
  key <- list(data = name, method = method, test = test, mods = mods)
  fit <- quietly(rma(yi, vi, mods = FORMULAS[[mods]], data = d, method = method, test = test, control = controls(d, method)))
  if (inherits(fit, "failed")) return(c(key, list(failed = tidy(fit$message))))
  warned <- say$warning
  out <- c(key, list(
    beta = many(as.vector(fit$beta)), se = many(fit$se), statistic = many(fit$zval), p = many(fit$pval),
    ci_low = many(fit$ci.lb), ci_high = many(fit$ci.ub), tau2 = fit$tau2, i2 = fit$I2, h2 = fit$H2,
    q = fit$QE, q_p = fit$QEp, qm = fit$QM, qm_df = many(as.numeric(fit$QMdf[!is.na(fit$QMdf)])), qm_p = fit$QMp))
  if (mods == "none" && method != "EE") {
    pred <- predict(fit)
    out <- c(out, list(pi_low = pred$pi.lb, pi_high = pred$pi.ub))
  }
  if (method != "EE") {
    # The interval does not depend on the method, so it is searched from a fit that always works.
    scale <- stats::var(d$yi)
    ci <- quietly(confint(fit, control = list(tol = 1e-15 * scale, maxiter = 100000, tau2.max = 1e5 * scale)))
    if (!inherits(ci, "failed")) out <- c(out, list(tau2_ci_low = ci$random[1, "ci.lb"], tau2_ci_high = ci$random[1, "ci.ub"]))
  }
  if (length(warned)) out <- c(out, list(warned = tidy(warned)))
  out
}

cases <- list()
for (name in names(DATA)) for (mods in moderators(DATA[[name]])) for (method in METHODS) for (test in TESTS)
  cases[[length(cases) + 1]] <- case(name, method, test, mods)

# Exact permutation tests, where all arrangements can be tried.
permute <- function(name, rows, mods, method, test) {
  d <- DATA[[name]][rows, ]
  fit <- rma(yi, vi, mods = FORMULAS[[mods]], data = d, method = method, test = test,
             control = list(maxiter = 10000, threshold = 1e-10))
  done <- suppressWarnings(permutest(fit, exact = TRUE, progbar = FALSE))
  list(data = name, rows = many(rows - 1), mods = mods, method = method, test = test, p = many(done$pval), qm_p = done$QMp)
}
permutations <- list()
for (method in c("DL", "REML", "PM", "EE")) for (test in TESTS) {
  permutations[[length(permutations) + 1]] <- permute("bcg", 1:6, "x", method, test)
  permutations[[length(permutations) + 1]] <- permute("bcg", 1:6, "none", method, test)
  permutations[[length(permutations) + 1]] <- permute("normand1999", 1:6, "x", method, test)
  permutations[[length(permutations) + 1]] <- permute("raudenbush1985", 4:10, "f", method, test)
}

# Without an intercept metafor 3.8-1 centres the estimates before it estimates tau2, which is right only where the
# moderators span the constant. So each method's own equation is solved here a second time, on what was observed.
noint <- function(method) {
  d <- DATA$bcg; X <- cbind(d$x); k <- nrow(d)
  P <- function(w) diag(w) - (w * X) %*% t(w * X) / sum(w * X^2)
  quad <- function(w) c(crossprod(d$yi, P(w)) %*% d$yi)
  loss <- function(t, reml) { w <- 1 / (d$vi + t); -sum(log(w)) + quad(w) + if (reml) log(sum(w * X^2)) else 0 }
  low <- function(reml) optimize(loss, c(0, 2), reml = reml, tol = 1e-12)$minimum
  tau2 <- switch(method,
    DL = (quad(1 / d$vi) - (k - 1)) / sum(diag(P(1 / d$vi))),
    HE = (quad(rep(1, k)) - sum(diag(P(rep(1, k))) * d$vi)) / (k - 1),
    SJ = { t0 <- var(d$yi) * (k - 1) / k; t0 * quad(1 / (d$vi + t0)) / (k - 1) },
    ML = low(FALSE), REML = low(TRUE),
    uniroot(function(t) quad(1 / (d$vi + t)) - (k - 1), c(0, 100), tol = 1e-14)$root)
  theirs <- rma(yi, vi, mods = ~ 0 + x, data = d, method = method, control = controls(d, method))
  held <- rma(yi, vi, mods = ~ 0 + x, data = d, tau2 = max(0, tau2), test = "knha")
  list(data = "bcg", method = method, tau2 = max(0, tau2), tau2_metafor = theirs$tau2, beta = c(held$beta), se = held$se)
}
without_intercept <- lapply(setdiff(METHODS, "EE"), noint)

# A likelihood with two peaks: metafor climbs from the HE estimate, and a scan shows which peak is the higher.
two_peaks <- function(method) {
  yi <- c(0.116, -3.81, -0.00196, 3.48, -0.369); vi <- c(0.0134, 22.6, 0.000539, 32.4, 0.0164)
  height <- function(t) as.numeric(logLik(rma(yi, vi, method = method, tau2 = t)))
  points <- c(0, 10^seq(-6, 3, by = 0.05))
  at <- which.max(vapply(points, height, 0))
  peak <- optimize(height, points[c(max(1, at - 1), at + 1)], maximum = TRUE, tol = 1e-12)$maximum
  theirs <- suppressWarnings(rma(yi, vi, method = method, control = list(threshold = 1e-12, maxiter = 10000))$tau2)
  list(method = method, yi = many(yi), vi = many(vi), tau2 = peak, tau2_metafor = theirs,
       height = height(peak), height_metafor = height(theirs))
}
peaks <- lapply(c("ML", "REML"), two_peaks)

columns <- lapply(names(DATA), function(name) c(list(note = NOTES[[name]]), lapply(as.list(DATA[[name]]), many)))
names(columns) <- names(DATA)
# One case a line: a change shows in a diff.
lines <- function(list) paste0("[\n", paste(vapply(list, json, ""), collapse = ",\n"), "\n]")
cat('{"data":{\n', paste0('"', names(columns), '":', vapply(columns, json, ""), collapse = ",\n"), '\n},\n"cases":',
    lines(cases), ',\n"permutations":', lines(permutations), ',\n"without_intercept":', lines(without_intercept), ',\n"two_peaks":', lines(peaks), "}\n",
    sep = "", file = "fixtures/pooling.json")
cat(length(cases), "cases,", sum(vapply(cases, function(x) !is.null(x$failed), TRUE)), "failed\n")
