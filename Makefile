# run    build Portent and open it on its invented scenario
# test   everything that tests, race detector on
# check  what CI checks besides the tests
# bench  the figures
# accuracy  what extraction finds of labelled texts, whom names stand for, and what posts are
# build  the static binary, bin/portent

export CGO_ENABLED ?= 0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

.PHONY: run test check bench build fuzz accuracy

build:
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/portent ./cmd/portent

run: build
	./bin/portent serve --demo

# The race detector needs a C compiler; without one the tests run plain.
RACE := $(shell command -v cc >/dev/null 2>&1 && echo -race)

# It sees memory of Go alone, which what SQLite allocates is not. Left out with it:
# the variables of the translated code itself, and checkptr there.
RACE += $(if $(RACE),$(foreach p,sqlite/lib libc,-gcflags=modernc.org/$p=-race=false))

# What measures on much data, and calls figures.Only: ten times as long with it.
MEASURED := ./cmd/portent ./internal/classify ./internal/collect/cve ./internal/collect/ddosia ./internal/extract ./internal/forecast/backtest ./internal/forecast/characteristics ./internal/hunt ./internal/pipeline
FIGURES := NoFasterThanTheLog|NotGrowWithTheLog|RealListsAreReadWhole|RealRecordsAreAllRead|FragmentsOfVulnerabilities|BeliefIsTrue|OfRealRows|OurOwnRating|WithoutThePack|AliasLinesOf|KeepTheirSkill|KeepTheirLead|IsRankedBetter|PostsOfLeakSites|SecondAccountsOfTweetFeed|EveryRowOfAProfile|AFloodOfOne|TenThousandAliases|HasTooManyOf|InventedWorldsHold|VerdictSplitsJoins|HistoryOfANameTells|GoesTogether|AddUpToTheLogOdds|PoolForecastsWaves|ThatGoTogether|NoTechniqueIsForeseen|AccountsDoIsLearned|NoSkillIsLeft|HoweverLongItKeepsOn|AFloodFromOneSource|AFloodByTheCollector|AFloodMovesNo|NoSourceAloneMoves|AStrangersWord|APopularValue|LearnedFrom|AKeywordList|EverydayPosts|IntentsOfUnseen

test:
	@./.ci/needs
	CGO_ENABLED=$(if $(RACE),1,0) go test $(RACE) -timeout 60m ./...
	$(if $(RACE),go test -count 1 -timeout 30m -run '$(FIGURES)' $(MEASURED))

check:
	./.ci/check

bench:
	go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./...

accuracy:
	go test -count 1 -v -run 'Tricky|Fragments|NamesInReports|ListedValues|TechniquesIn' ./internal/extract | grep -E 'precision|^(ok|FAIL|---)'
	go test -count 1 -v -run 'AliasesResolve|AliasLines|LeakSites|KnownActor|ThatActorsOfAList|BeliefIsTrue' ./internal/reference ./cmd/portent | grep -E 'precision|P.true.|^(ok|FAIL|---)'
	go test -count 1 -v -run 'AKeywordList|EverydayPosts|IntentsOfUnseen' ./internal/classify | grep -E 'fold|mean|error|precision|macro|^(ok|FAIL|---)'

fuzz:
	./.ci/fuzz
