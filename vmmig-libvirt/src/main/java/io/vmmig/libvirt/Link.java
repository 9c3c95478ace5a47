// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.HypervisorException;
import io.vmmig.Problem;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.LibvirtError;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to libvirt: one connection, opened again when it has broken, so that a guest that was saved before libvirtd
 * restarted can still be rolled back after it. Thread-safe.
 */
final class Link implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);

    private final String uri;
    private @Nullable Connection current;
    private boolean closed;

    Link(String uri) {
        this.uri = uri;
    }

    /** A share of a connection that works, as far as is known; the caller closes it. */
    synchronized Connection connection() throws HypervisorException {
        if (closed) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_UNREACHABLE, "the hypervisor " + uri + " has been closed", "Connect again.");
        }
        try {
            if (current != null && !current.isAlive()) {
                LOG.warn("the connection to {} broke; opening it again", uri);
                current.close();
                current = null;
            }
            if (current == null) {
                current = Connection.open(uri);
            }
            return current.share();
        } catch (LibvirtError e) {
            throw Errors.of(e, "connect to " + uri, false);
        } catch (LinkageError e) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_UNREACHABLE,
                    "this machine has no usable libvirt: " + e.getMessage(),
                    "Install libvirt's client library (libvirt0 or libvirt-libs) and its QEMU driver.",
                    e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
