//go:build !unix

package command

import "os/exec"

// apart does nothing where there are no groups.
func apart(*exec.Cmd) {}

// kill ends the program alone.
func kill(cmd *exec.Cmd) error { return cmd.Process.Kill() }
