package syslog

import (
	"encoding/binary"
	"net"
	"syscall"
)

// rxqOverflow is SO_RXQ_OVFL: with each datagram the kernel says how many it dropped before.
const rxqOverflow = 40

// countDrops asks the kernel to say how many datagrams it drops.
func countDrops(c *net.UDPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	set := err
	err = raw.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, rxqOverflow, 1) })
	return err == nil && set == nil
}

// dropsIn reads what the kernel said.
func dropsIn(extra []byte) (uint32, bool) {
	messages, err := syscall.ParseSocketControlMessage(extra)
	if err != nil {
		return 0, false
	}
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == rxqOverflow && len(m.Data) >= 4 {
			return binary.NativeEndian.Uint32(m.Data), true
		}
	}
	return 0, false
}
