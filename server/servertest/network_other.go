//go:build !linux

package servertest

import "errors"

// within is never called: there are network namespaces on Linux only.
func within(string, func() error) error { return errors.ErrUnsupported }
