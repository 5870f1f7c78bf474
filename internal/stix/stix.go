// Package stix is what we know in the words of STIX, and back: a Graph turns
// the objects of a bundle into documents, Bundle writes a profile as one.
//
// It does no I/O of its own and judges nothing: how dirty values are read, and
// how large a text may be, its caller decides.
package stix
