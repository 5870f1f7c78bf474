//go:build unix

package tail

import (
	"io/fs"
	"syscall"
)

// inode is what a file is called by the file system however it is renamed, 0 if not known.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}
