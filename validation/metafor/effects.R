# Effect sizes by metafor's escalc, into fixtures/effects.json. Run by regenerate.sh, which says what is needed.

suppressPackageStartupMessages(library(metafor))
invisible(Sys.setlocale("LC_COLLATE", "C"))
set.seed(20261126, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

# Numbers with 17 digits, so that reading them gives back the same double.
numbers <- function(x) paste0("[", paste(ifelse(is.finite(x), sprintf("%.17g", x), "null"), collapse = ","), "]")
quoted <- function(x) paste0('"', x, '"')
object <- function(names, values) paste0("{", paste0(quoted(names), ":", values, collapse = ","), "}")

cases <- character(0)
# `columns` are what our escalc reads; `theirs` replaces them where metafor 3.8-1 needs another input.
case <- function(id, note, measure, columns, ..., theirs = columns) {
  options <- list(...)
  asked <- if (measure == "GEN") list() else list(measure = measure)
  found <- suppressWarnings(do.call(escalc, c(asked, theirs, options)))
  bare <- vapply(options, function(x) if (is.character(x)) quoted(x) else sprintf("%.17g", x), "")
  cases <<- c(cases, object(
    c("id", "note", "measure", "options", "columns", "yi", "vi"),
    c(quoted(id), quoted(note), quoted(measure), if (length(bare)) object(names(bare), bare) else "{}",
      object(names(columns), vapply(columns, numbers, "")), numbers(found$yi), numbers(found$vi))))
}

# Published tables of events
bcg <- with(dat.bcg, list(ai = tpos, bi = tneg, ci = cpos, di = cneg))
catheter <- with(dat.nielweise2007, list(ai = ai, n1i = n1i, ci = ci, n2i = n2i))
blockers <- with(subset(dat.yusuf1985, table == 6), list(ai = ai, n1i = n1i, ci = ci, n2i = n2i))
magnesium <- with(dat.li2007, list(ai = ai, n1i = n1i, ci = ci, n2i = n2i))
EVENTS <- list(bcg = bcg, nielweise2007 = catheter, yusuf1985 = blockers, li2007 = magnesium)
NOTES <- c(
  bcg = "Colditz et al. 1994, JAMA 271:698",
  nielweise2007 = "Niel-Weise et al. 2007, Intensive Care Med 33:2058; with empty cells",
  yusuf1985 = "Yusuf et al. 1985, Prog Cardiovasc Dis 27:335, table 6",
  li2007 = "Li et al. 2007, Cochrane Database Syst Rev 2:CD002755")
for (name in names(EVENTS)) {
  for (measure in c("OR", "RR", "RD", "PETO")) case(paste(name, measure, sep = "-"), NOTES[[name]], measure, EVENTS[[name]])
  case(paste0(name, "-RD-UB"), NOTES[[name]], "RD", EVENTS[[name]], vtype = "UB")
}
for (measure in c("OR", "RR", "PETO"))
  for (to in c("all", "if0all"))
    case(paste("nielweise2007", measure, to, sep = "-"), NOTES[["nielweise2007"]], measure, catheter, to = to)
case("nielweise2007-OR-none", NOTES[["nielweise2007"]], "OR", catheter, to = "none")
case("nielweise2007-RR-none", NOTES[["nielweise2007"]], "RR", catheter, to = "none")
case("nielweise2007-OR-quarter", NOTES[["nielweise2007"]], "OR", catheter, add = 1 / 4, to = "all")

# Published means and SDs
GROUPS <- list(
  normand1999 = dat.normand1999, gibson2002 = dat.gibson2002, curtis1998 = dat.curtis1998)
NOTES_GROUPS <- c(
  normand1999 = "Normand 1999, Stat Med 18:321",
  gibson2002 = "Gibson et al. 2002, Cochrane Database Syst Rev 3:CD001117; with rows that lack means",
  curtis1998 = "Hedges et al. 1999, Ecology 80:1150")
WAYS <- list(MD = c("LS", "HO"), SMD = c("LS", "UB", "LS2"), SMDH = "LS", ROM = c("LS", "HO"))
six <- function(d) as.list(d[c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")])
for (name in names(GROUPS))
  for (measure in names(WAYS))
    for (vtype in WAYS[[measure]])
      case(paste(name, measure, vtype, sep = "-"), NOTES_GROUPS[[name]], measure, six(GROUPS[[name]]), vtype = vtype)
case("gibson2002-OR", NOTES_GROUPS[["gibson2002"]], "OR", as.list(dat.gibson2002[c("ai", "bi", "ci", "di")]))
# Two arms of each trial of a network: the first and the second in its table.
first <- dat.senn2013[!duplicated(dat.senn2013$study), ]
rest <- dat.senn2013[duplicated(dat.senn2013$study), ]
second <- rest[match(first$study, rest$study), ]
senn <- list(m1i = second$mi, sd1i = second$sdi, n1i = second$ni, m2i = first$mi, sd2i = first$sdi, n2i = first$ni)
for (measure in names(WAYS)[1:3])
  case(paste0("senn2013-", measure), "Senn et al. 2013, Stat Methods Med Res 22:169", measure, senn)

# Published proportions and correlations
PROPORTIONS <- list(
  pritz1997 = list("Zhou et al. 1999, Stat Med 18:557", as.list(dat.pritz1997[c("xi", "ni")])),
  debruin2009 = list("de Bruin et al. 2009, Health Psychol 28(6)", as.list(dat.debruin2009[c("xi", "ni")])))
for (name in names(PROPORTIONS)) {
  for (measure in c("PR", "PLO", "PAS"))
    case(paste(name, measure, sep = "-"), PROPORTIONS[[name]][[1]], measure, PROPORTIONS[[name]][[2]])
  case(paste0(name, "-PR-UB"), PROPORTIONS[[name]][[1]], "PR", PROPORTIONS[[name]][[2]], vtype = "UB")
}
CORRELATIONS <- list(
  molloy2014 = list("Molloy et al. 2014, Ann Behav Med 47:85", dat.molloy2014),
  mcdaniel1994 = list("McDaniel et al. 1994, as in Rothstein et al. 2005", subset(dat.mcdaniel1994, !is.na(ri))))
for (name in names(CORRELATIONS))
  for (measure in c("COR", "ZCOR"))
    case(paste(name, measure, sep = "-"), CORRELATIONS[[name]][[1]], measure, as.list(CORRELATIONS[[name]][[2]][c("ri", "ni")]))

# Made up: the corners
small <- list(m1i = c(1, 0, -3, 2.5, 7), sd1i = c(1, 2, 0.5, 1e-3, 3), n1i = c(2, 2, 3, 4, 2),
              m2i = c(0.2, 0, 4, 2.4, 1), sd2i = c(0.7, 2, 9, 2e-3, 30), n2i = c(2, 3, 2, 5, 40))
large <- list(m1i = c(0.1, 100, 1e6), sd1i = c(1, 15, 2e5), n1i = c(1e5, 2e4, 3e6),
              m2i = c(0.1001, 99, 1.1e6), sd2i = c(1, 14, 1e5), n2i = c(1e5, 3e4, 2e6))
for (measure in c("MD", "SMD", "SMDH")) {
  case(paste0("small-", measure), "made up: groups of 2 to 5", measure, small)
  case(paste0("large-", measure), "made up: groups of millions", measure, large)
}
case("small-SMD-UB", "made up: groups of 2 to 5", "SMD", small, vtype = "UB")
case("large-SMD-UB", "made up: groups of millions", "SMD", large, vtype = "UB")
case("large-ROM", "made up: groups of millions", "ROM", large)
case("negative-ROM", "made up: means below zero", "ROM",
     list(m1i = c(-3, -8), sd1i = c(1, 2), n1i = c(9, 12), m2i = c(-2, -11), sd2i = c(1.5, 2), n2i = c(10, 7)))

sizes <- list(n1i = c(5, 12, 30, 2, 200, 11), n2i = c(6, 12, 28, 3, 150, 13))
d <- c(-0.8, 0, 1.7, 4, 0.01, NA)
t <- c(-2.1, 0, 0.4, 11, 1.96, NA)
p <- c(-0.04, 1, 0.7, 1e-12, -0.049, NA)
for (vtype in c("LS", "UB", "LS2")) {
  case(paste0("d-", vtype), "made up: standardised differences", "SMD", c(list(di = d), sizes), vtype = vtype)
  case(paste0("t-", vtype), "made up: t statistics", "SMD", c(list(ti = t), sizes), vtype = vtype)
  # metafor 3.8-1 does not read p values: t is found by R's qt.
  case(paste0("p-", vtype), "made up: two-sided p values with the sign of the effect", "SMD", c(list(pi = p), sizes),
       vtype = vtype, theirs = c(list(ti = sign(p) * qt(abs(p) / 2, sizes$n1i + sizes$n2i - 2, lower.tail = FALSE)), sizes))
}
mixed <- list(m1i = c(3, 4, 5, NA), sd1i = c(1, 2, 1, NA), n1i = c(8, 9, 10, 11), m2i = c(2, 6, 4, NA),
              sd2i = c(1, 2, 2, NA), n2i = c(8, 8, 9, 12), di = c(NA, 0.3, NA, NA), ti = c(NA, 9, -1.2, NA))
case("mixed-SMD", "made up: d before t before means, row by row", "SMD", mixed)

pairs <- list(m1i = c(24.8, 30, -1, 50, 12, 3), sd1i = c(9, 11, 2, 20, 4, 1), m2i = c(38, 30, -4, 55, 11, 1),
              sd2i = c(11, 10, 2.5, 10, 4.5, 1), ni = c(15, 29, 3, 400, 8, 2), ri = c(0.5, 0, 0.95, -0.3, 0.8, 0.5))
case("pairs-MC", "made up: two readings", "MC", pairs)
for (vtype in c("LS", "LS2")) {
  case(paste0("pairs-SMCC-", vtype), "made up: two readings; two pairs are too few", "SMCC", pairs, vtype = vtype)
  case(paste0("pairs-SMCR-", vtype), "made up: two readings; two pairs are too few", "SMCR", pairs[c("m1i", "sd1i", "m2i", "ni", "ri")], vtype = vtype)
}
k <- 40
random_pairs <- list(m1i = rnorm(k, 30, 8), sd1i = runif(k, 5, 14), m2i = rnorm(k, 24, 8), sd2i = runif(k, 5, 14),
                     ni = sample(3:80, k, TRUE), ri = runif(k, -0.2, 0.99))
for (measure in c("MC", "SMCC")) case(paste0("random-", measure), "generated", measure, random_pairs)
case("random-SMCR", "generated", "SMCR", random_pairs[c("m1i", "sd1i", "m2i", "ni", "ri")])

# The third table is empty of events, the fourth of anything else, in both groups.
empty <- list(ai = c(0, 5, 0, 10, 0, 9), n1i = c(12, 5, 9, 10, 1, 30), ci = c(3, 0, 0, 12, 1, 30), n2i = c(11, 7, 14, 12, 1, 30))
for (measure in c("OR", "RR", "RD", "PETO")) case(paste0("empty-", measure), "made up: empty cells", measure, empty)
case("empty-PETO-none", "made up: empty cells, nothing added", "PETO", empty, to = "none")
edge <- list(xi = c(0, 10, 0, 1, 999, 3), ni = c(10, 10, 1, 1, 1000, 7))
for (measure in c("PR", "PLO", "PAS")) case(paste0("edge-", measure), "made up: none, all and single", measure, edge)
case("edge-PLO-all", "made up: none, all and single", "PLO", edge, to = "all")
case("edge-COR", "made up: r near 1; 3 pairs are too few", "COR", list(ri = c(0.999, -0.5, 0, 0.3), ni = c(10, 4, 5, 3)))
case("edge-ZCOR", "made up: r near 1; 3 pairs are too few", "ZCOR", list(ri = c(0.999, -0.5, 0, 0.3), ni = c(10, 4, 5, 3)))
case("given-sei", "made up: estimates with standard errors", "GEN", list(yi = c(-0.3, 0.2), sei = c(0.1, 0.35)))

cat('{"metafor":"', format(packageVersion("metafor")), '","R":"', format(getRversion()), '","cases":[\n',
    paste(cases, collapse = ",\n"), "\n]}\n", sep = "", file = "fixtures/effects.json")
cat(length(cases), "cases\n")
