// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** A package that lies still, in memory, for a {@link io.vmmig.Receiver} to take in. For one use. */
public final class InMemoryPackage implements IncomingSession {
    private final byte[] content;
    private volatile boolean closed;

    /** The package of these bytes, whatever they are. */
    public InMemoryPackage(byte[] content) {
        this.content = content.clone();
    }

    @Override
    public Offer offer() throws VmmigException {
        PackageReader.Head head = PackageReader.readHead(new ByteArrayInputStream(content), PackageLimits.DEFAULT);
        return Offer.of(head);
    }

    @Override
    public String description() {
        return "a package in memory";
    }

    @Override
    public boolean live() {
        return false;
    }

    @Override
    public void accept(Acceptance acceptance) throws VmmigException {
        requireOpen();
    }

    @Override
    public void ready() throws VmmigException {
        requireOpen();
    }

    @Override
    public InputStream packageStream() {
        return new ByteArrayInputStream(content);
    }

    @Override
    public void restored() throws VmmigException {
        requireOpen();
    }

    @Override
    public void awaitCommit() throws VmmigException {
        requireOpen();
    }

    @Override
    public void resumed() throws VmmigException {
        requireOpen();
    }

    private void requireOpen() throws VmmigException {
        if (closed) {
            throw new TransportException(Problem.CONNECTION_LOST, "the package in memory was closed", "");
        }
    }

    @Override
    public void refuse(Failure reason) {
        closed = true;
    }

    @Override
    public void close() {
        closed = true;
    }
}
