// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.content.Digest;
import io.vmmig.error.Phase;
import io.vmmig.error.VmmigException;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.PackageCache;
import io.vmmig.reference.PackageCaching;
import io.vmmig.reference.ReferenceStore;
import io.vmmig.snapshot.HeapBudget;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What both ends do before and after the transfer. The migration's scope closes what it opens. */
abstract class MigrationSetup<S extends MigrationSettings<S>> {
    private static final Logger LOG = LoggerFactory.getLogger(MigrationSetup.class);

    final Scope scope;
    final Recorder recorder;
    final Cancellation cancellation;
    final S settings;
    final ImageStore images;

    MigrationSetup(Scope scope, Recorder recorder, Cancellation cancellation, S settings, ImageStore images) {
        this.scope = scope;
        this.recorder = recorder;
        this.cancellation = cancellation;
        this.settings = settings;
        this.images = images;
    }

    /** Waits for a permit, and begins with that phase. */
    void admit(Phase first, CodecWarmUp codec) throws VmmigException {
        scope.add(Admission.await(settings.admission, recorder, cancellation), Semaphore::release);
        cancellation.check();
        recorder.enter(first);
        HeapBudget.ofThisProgram().requireRoomForMigration();
        codec.begin();
    }

    /** Finds what earlier packages refer to, in a store or elsewhere. */
    interface Finder {
        PackageCache.Others in(ReferenceStore store) throws VmmigException;
    }

    /** Retains the package for the guest's next move. */
    PackageCaching keep() throws VmmigException {
        return scope.add(images.references().packages().begin(), PackageCaching::close);
    }

    /**
     * Called last: this may take seconds, and does not affect the guest.
     *
     * @param finder finds what earlier packages refer to
     */
    void keep(PackageCaching keeping, Digest seal, Finder finder) {
        try {
            if (keeping.finish(seal)) {
                ReferenceStore store = images.references();
                store.packages().prepare(seal, finder.in(store));
            }
        } catch (VmmigException | RuntimeException e) {
            LOG.warn("guest {}: the package could not be cached, so the next one will be larger", recorder.guest(), e);
        }
    }
}
