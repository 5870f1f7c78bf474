package extract

import (
	"crypto/sha256"
	sha3std "crypto/sha3"
	"encoding/base32"
	"math/big"
	"strings"

	"golang.org/x/crypto/sha3"

	"github.com/portent-cti/portent/internal/intel"
)

// badChecksum is the reason why what has the form of an address is none: somebody
// may have mistyped it.
const badChecksum = "checksum does not match"

// coin reads addresses of cryptographic currencies, and reports whether the run
// is one. Those whose checksum does not hold are set aside.
func (v *values) coin(from, to int) bool {
	run := v.text[from:to]
	if i := strings.IndexByte(run, '?'); i > 0 {
		run, to = run[:i], from+i
	}
	if len(run) < 26 || len(run) > 106 {
		return false
	}
	switch {
	case len(run) == 42 && (strings.HasPrefix(run, "0x") || strings.HasPrefix(run, "0X")) && isHex(run[2:]):
		reason := ""
		if !ethereum(run[2:]) {
			reason = badChecksum
		}
		v.note(intel.Entity{Kind: intel.Ethereum, Name: strings.ToLower(run)}, from, to, reason)
	case (run[0] == '1' || run[0] == '3') && len(run) <= 35 && base58check(run):
		v.note(intel.Entity{Kind: intel.Bitcoin, Name: run}, from, to, "")
	case strings.EqualFold(run[:3], "bc1") && len(run) <= 90 && bech32(strings.ToLower(run)):
		v.note(intel.Entity{Kind: intel.Bitcoin, Name: strings.ToLower(run)}, from, to, "")
	case (run[0] == '4' || run[0] == '8') && (len(run) == 95 || len(run) == 106) && monero(run):
		v.note(intel.Entity{Kind: intel.Monero, Name: run}, from, to, "")
	default:
		kind, ok := nearlyCoin(run)
		if ok {
			v.note(intel.Entity{Kind: kind, Name: run}, from, to, badChecksum)
		}
		return ok
	}
	return true
}

// nearlyCoin is the kind of address whose form s has, whatever its checksum. A word
// of base 58 is one only with digits and letters of both sizes in it.
func nearlyCoin(s string) (intel.Kind, bool) {
	if len(s) == 42 || len(s) == 62 {
		if low := strings.ToLower(s); strings.HasPrefix(low, "bc1") && (low == s || strings.ToUpper(s) == s) && strings.Trim(low[3:], bech32Digits) == "" {
			return intel.Bitcoin, true
		}
	}
	if strings.Trim(s, base58Digits) != "" || !strings.ContainsAny(s[1:], "123456789") || strings.ToLower(s) == s || strings.ToUpper(s) == s {
		return "", false
	}
	switch {
	case (s[0] == '1' || s[0] == '3') && (len(s) == 33 || len(s) == 34):
		return intel.Bitcoin, true
	case (s[0] == '4' || s[0] == '8') && (len(s) == 95 || len(s) == 106):
		return intel.Monero, true
	}
	return "", false
}

const base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// base58 returns the number s stands for, or nil. Ten digits fit into a word.
func base58(s string) *big.Int {
	n, word := new(big.Int), new(big.Int)
	for len(s) > 0 {
		some := s[:min(len(s), 10)]
		s = s[len(some):]
		value, scale := uint64(0), uint64(1)
		for i := range len(some) {
			d := strings.IndexByte(base58Digits, some[i])
			if d < 0 {
				return nil
			}
			value, scale = 58*value+uint64(d), 58*scale
		}
		n.Mul(n, word.SetUint64(scale)).Add(n, word.SetUint64(value))
	}
	return n
}

// base58check reports whether s is a version, 20 bytes and their checksum.
func base58check(s string) bool {
	n := base58(s)
	if n == nil || n.BitLen() > 25*8 {
		return false
	}
	var b [25]byte
	n.FillBytes(b[:])
	first := sha256.Sum256(b[:21])
	second := sha256.Sum256(first[:])
	return string(second[:4]) == string(b[21:])
}

// monero reports whether s is an address of Monero: blocks of eleven digits for
// eight bytes each, the last four a checksum.
func monero(s string) bool {
	var raw []byte
	for len(s) > 0 {
		block := s[:min(11, len(s))]
		s = s[len(block):]
		size := []int{0, -1, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8}[len(block)]
		n := base58(block)
		if size < 0 || n == nil || n.BitLen() > size*8 {
			return false
		}
		raw = append(raw, n.FillBytes(make([]byte, size))...)
	}
	if len(raw) < 5 {
		return false
	}
	switch raw[0] {
	case 18, 19, 42: // address, integrated address, sub-address
	default:
		return false
	}
	h := sha3.NewLegacyKeccak256()
	h.Write(raw[:len(raw)-4])
	return string(h.Sum(nil)[:4]) == string(raw[len(raw)-4:])
}

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 reports whether s is a segregated-witness address (BIP 173, BIP 350).
func bech32(s string) bool {
	i := strings.LastIndexByte(s, '1')
	if i < 1 || i+7 > len(s) {
		return false
	}
	check := uint32(1)
	step := func(v byte) {
		top := check >> 25
		check = (check&0x1ffffff)<<5 ^ uint32(v)
		for n, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>n&1 == 1 {
				check ^= g
			}
		}
	}
	for _, c := range []byte(s[:i]) {
		step(c >> 5)
	}
	step(0)
	for _, c := range []byte(s[:i]) {
		step(c & 31)
	}
	for _, c := range []byte(s[i+1:]) {
		d := strings.IndexByte(bech32Digits, c)
		if d < 0 {
			return false
		}
		step(byte(d))
	}
	if s[i+1] == 'q' { // version 0
		return check == 1
	}
	return check == 0x2bc830a3
}

// ethereum reports whether s is forty hexadecimal digits whose capitals, where
// they are mixed, are the checksum of EIP-55.
func ethereum(s string) bool {
	lower, upper := strings.ToLower(s), strings.ToUpper(s)
	for i := range len(lower) {
		if c := lower[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	if s == lower || s == upper {
		return true
	}
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(lower))
	sum := h.Sum(nil)
	for i := range len(s) {
		nibble := sum[i/2] >> 4
		if i%2 == 1 {
			nibble = sum[i/2] & 15
		}
		if isLetter := lower[i] >= 'a'; isLetter && (s[i] < 'a') != (nibble >= 8) {
			return false
		}
	}
	return true
}

// onion reports whether the last two labels of name are an onion service: of
// version 3 with a valid checksum (rend-spec-v3 6), or of version 2, which had none
// and is in reports of before 2021.
func onion(name string) bool {
	labels := strings.Split(strings.TrimSuffix(name, ".onion"), ".")
	key := labels[len(labels)-1]
	if len(key) == 16 {
		return strings.Trim(key, "abcdefghijklmnopqrstuvwxyz234567") == ""
	}
	if len(key) != 56 {
		return false
	}
	b, err := base32.StdEncoding.DecodeString(strings.ToUpper(key))
	if err != nil || len(b) != 35 || b[34] != 3 {
		return false
	}
	sum := sha3std.Sum256(append(append([]byte(".onion checksum"), b[:32]...), 3))
	return b[32] == sum[0] && b[33] == sum[1]
}
