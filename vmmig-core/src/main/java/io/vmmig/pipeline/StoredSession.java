// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem.Family;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.StoredPackage;
import java.io.InputStream;

/** Receives from a stored package as from a peer that grants each step. */
record StoredSession(StoredPackage stored) implements IncomingSession {
    @Override
    public Offer offer() throws VmmigException {
        return Offer.of(PackageReader.readHead(packageStream(), PackageLimits.DEFAULT));
    }

    @Override
    public String description() {
        return stored.description();
    }

    @Override
    public void accept(Acceptance acceptance) {}

    @Override
    public InputStream packageStream() {
        return stored.packageStream();
    }

    @Override
    public void ready() {}

    @Override
    public void restored() {}

    @Override
    public void awaitCommit() {}

    @Override
    public void resumed() throws VmmigException {
        stored.taken();
    }

    @Override
    public void refuse(Failure reason) {
        Family family = reason.problem().family();
        if (family == Family.INTEGRITY || family == Family.PACKAGE_FORMAT) {
            stored.rejected();
        }
        stored.close();
    }

    @Override
    public void close() {
        stored.close();
    }
}
