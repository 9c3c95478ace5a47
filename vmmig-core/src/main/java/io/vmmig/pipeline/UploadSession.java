// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.Peer;
import io.vmmig.transport.Transport;
import java.io.OutputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Sends into a store as to a peer that grants each step. */
record UploadSession(PackageUpload upload) implements OutgoingSession {
    static OutgoingSession open(Transport transport) throws VmmigException {
        return transport instanceof Peer peer ? peer.open() : new UploadSession(((PackageStore) transport).put());
    }

    static void commit(OutgoingSession session, HandOverJournal journal) throws VmmigException {
        if (session instanceof UploadSession stored) {
            stored.upload.publish(journal);
        } else {
            session.commit();
        }
    }

    @Override
    public Set<String> recipients() {
        return upload.recipients();
    }

    @Override
    public Acceptance offer(Offer offer) throws VmmigException {
        return upload.begin(offer.manifest());
    }

    @Override
    public OutputStream packageStream() {
        return upload.packageStream();
    }

    @Override
    public void awaitReady() {}

    @Override
    public void finish() throws VmmigException {
        upload.finish();
    }

    @Override
    public void commit() throws VmmigException {
        upload.publish(HandOverJournal.inMemory());
    }

    @Override
    public void abort(@Nullable Failure reason) {
        upload.abort(reason);
    }

    @Override
    public void close() {
        upload.close();
    }
}
