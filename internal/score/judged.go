package score

import (
	"crypto/sha256"
	_ "embed" // the counts
	"encoding/csv"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// counts are how many of the rows that people judged were right and wrong, by
// source and by sort; `make accuracy` counts them.
//
//go:embed judged.csv
var counts string

// Learned is the scale that ships: the assumptions, and the rows that people
// judged by hand, of real sources.
func Learned() Scale {
	s, err := ParseScale(counts)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return s
}

// Digest changes with what people judged.
func Digest() string {
	sum := sha256.Sum256([]byte(counts))
	return hex.EncodeToString(sum[:6])
}

// ParseScale reads a scale as lines "source NAME,RIGHT,WRONG" and "sort
// NAME,RIGHT,WRONG".
func ParseScale(text string) (Scale, error) {
	s := Scale{Sources: map[intel.SourceID]Record{}, Sorts: map[Sort]Record{}}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = 4
	rows, err := r.ReadAll()
	if err != nil {
		return s, err
	}
	for _, row := range rows {
		right, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			return s, err
		}
		wrong, err := strconv.ParseFloat(row[3], 64)
		if err != nil {
			return s, err
		}
		if row[0] == "source" {
			s.Sources[intel.SourceID(row[1])] = Record{right, wrong}
		} else {
			s.Sorts[Sort(row[1])] = Record{right, wrong}
		}
	}
	return s, nil
}
