// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The address of a listening host: a name or an IP address, resolved each time, and a port. */
record HostAddress(String host, int port) {
    static HostAddress of(String host, int port) throws VmmigException {
        if (port < 1 || port > 0xffff) {
            throw unusable(host + " port " + port + ": a port is a number from 1 to 65535");
        }
        if (host.isBlank()) {
            throw unusable("an empty name of a host");
        }
        return new HostAddress(Objects.requireNonNull(host), port);
    }

    /** Parses the result of {@link #toString()}. */
    static HostAddress parse(String text) throws VmmigException {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        if (host.isEmpty() || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw unusable("not of the form HOST:PORT: " + text);
        }
        return of(host, Integer.parseInt(text.substring(colon + 1)));
    }

    private static VmmigException unusable(String why) {
        return VmmigException.of(
                Problem.REQUEST_INVALID,
                "not the address of a host: " + why,
                "Write it as in host-b:16550 or [::1]:16550.");
    }

    /** Resolves a host name, which may take long. */
    @FunctionalInterface
    interface Lookup {
        InetAddress[] of(String host) throws UnknownHostException;
    }

    /** Connects by TCP until {@code deadline}, as {@link System#nanoTime()}; resolving the name counts. */
    Socket connect(long deadline) throws VmmigException {
        return connect(deadline, InetAddress::getAllByName);
    }

    Socket connect(long deadline, Lookup lookup) throws VmmigException {
        InetAddress[] addresses = addresses(deadline, lookup);
        IOException last = new IOException("no address");
        for (int i = 0; i < addresses.length; i++) {
            // An address that does not answer leaves the others their share of the time.
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()) / (addresses.length - i);
            if (left <= 0) {
                break;
            }
            Socket raw = new Socket();
            try {
                raw.connect(new InetSocketAddress(addresses[i], port), (int) left);
                return raw;
            } catch (IOException e) {
                last = e;
                Sockets.closeQuietly(raw);
            }
        }
        throw new TransportException(
                Problem.PEER_UNREACHABLE,
                "nobody answers at " + this + ": " + last.getMessage(),
                "Check that vmmig listens there, and the firewalls on the way.",
                last);
    }

    /** In a separate thread, since resolving a name has no timeout and cannot be interrupted. */
    private InetAddress[] addresses(long deadline, Lookup lookup) throws VmmigException {
        CompletableFuture<InetAddress[]> found = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        found.complete(lookup.of(host));
                    } catch (UnknownHostException | RuntimeException e) {
                        found.completeExceptionally(e);
                    }
                },
                "vmmig-look-up " + host);
        thread.setDaemon(true);
        thread.start();
        try {
            return found.get(Math.max(deadline - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new TransportException(
                    Problem.PEER_UNREACHABLE, "the host " + host + " is not known", "Check its name.", e);
        } catch (TimeoutException e) {
            throw new TransportException(
                    Problem.PEER_UNREACHABLE,
                    "the address of the host " + host + " was not found in time",
                    "Check the name servers of this host, or use an address instead of the name.",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw VmmigException.of(Problem.CANCELLED, "the thread that connected to " + this + " was interrupted", "");
        }
    }

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
