// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Objects;

/** Where a host listens: a name or an address, looked up anew each time, and a port. */
record HostAddress(String host, int port) {
    static HostAddress of(String host, int port) {
        if (port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("port " + port);
        }
        return new HostAddress(Objects.requireNonNull(host), port);
    }

    /** As {@link #toString()} says it. */
    static HostAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        if (host.isEmpty() || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("not of the form HOST:PORT: " + text);
        }
        return of(host, Integer.parseInt(text.substring(colon + 1)));
    }

    /** By TCP, until {@code deadline} of {@link System#nanoTime()}. */
    Socket connect(long deadline) throws VmmigException {
        InetAddress[] addresses;
        try {
            addresses = InetAddress.getAllByName(host);
        } catch (UnknownHostException e) {
            throw new TransportException(
                    Problem.PEER_UNREACHABLE, "the host " + host + " is not known", "Check its name.", e);
        }
        IOException last = new IOException("no address");
        for (InetAddress address : addresses) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                break;
            }
            Socket raw = new Socket();
            try {
                raw.connect(new InetSocketAddress(address, port), (int) left);
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

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
