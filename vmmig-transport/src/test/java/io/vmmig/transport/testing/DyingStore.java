// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import io.vmmig.bundle.Manifest;
import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import java.io.OutputStream;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A store whose user dies at a certain moment, after which nothing more is done there. */
public record DyingStore(PackageStore store, Moment moment) implements PackageStore {
    /** When a program dies. */
    public enum Moment {
        BEFORE_HAND_OVER,
        BEFORE_PUBLISHING,
        AFTER_PUBLISHING
    }

    @Override
    public PackageUpload put() throws VmmigException {
        return new Dying(store.put(), moment);
    }

    @Override
    public StoredPackage open() throws VmmigException {
        return store.open();
    }

    @Override
    public String description() {
        return store.description();
    }

    @Override
    public Optional<String> address() {
        return store.address();
    }

    @Override
    public Outcome outcomeOf(UUID packageId, HandOverJournal journal) throws VmmigException {
        return store.outcomeOf(packageId, journal);
    }

    private record Dying(PackageUpload upload, Moment moment) implements PackageUpload {
        private void dieIf(Moment now) {
            if (moment == now) {
                throw new IllegalStateException("it dies");
            }
        }

        @Override
        public Acceptance begin(Manifest manifest) throws VmmigException {
            return upload.begin(manifest);
        }

        @Override
        public OutputStream packageStream() {
            return upload.packageStream();
        }

        @Override
        public void finish() throws VmmigException {
            upload.finish();
            dieIf(Moment.BEFORE_HAND_OVER);
        }

        @Override
        public void publish(HandOverJournal journal) throws VmmigException {
            dieIf(Moment.BEFORE_PUBLISHING);
            upload.publish(journal);
            dieIf(Moment.AFTER_PUBLISHING);
        }

        @Override
        public void abort(@Nullable Failure reason) {
            // Nobody is left who would.
        }

        @Override
        public void close() {
            // Nobody is left who would.
        }
    }
}
