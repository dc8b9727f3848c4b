//go:build unix

package transport

import (
	"errors"
	"syscall"
)

// lacksFamily tells whether an address can't be bound because the machine does
// not have its kind at all.
func lacksFamily(err error) bool {
	return errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EPROTONOSUPPORT)
}
