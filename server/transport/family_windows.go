package transport

import (
	"errors"
	"syscall"
)

// The codes of Windows Sockets, which package syscall does not name.
const (
	wsaEAFNOSUPPORT  = syscall.Errno(10047)
	wsaEADDRNOTAVAIL = syscall.Errno(10049)
)

// lacksFamily tells whether an address can't be bound because the machine does
// not have its kind at all.
func lacksFamily(err error) bool {
	return errors.Is(err, wsaEAFNOSUPPORT) || errors.Is(err, wsaEADDRNOTAVAIL)
}
