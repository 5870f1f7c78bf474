package extract

// Steps returns how many bytes, words and phrases a scan of a text looks at,
// which may be the description of a flaw.
func Steps(s *Scanner, text string, advisory bool) int {
	_, steps := s.pass(&values{text: text, set: s.set, signs: len(text) + 1, advisory: advisory, language: func() string { return "" }})
	return steps
}

// Words returns the words of a text and their hashes.
func Words(text string) (words []string, hashes []uint32) {
	for _, t := range tokens(nil, text, 0) {
		words, hashes = append(words, text[t.from:t.to]), append(hashes, t.hash)
	}
	return words, hashes
}
