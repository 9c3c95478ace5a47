// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link PackageStore} has to do. Implementers extend this class in their tests. */
@Timeout(60)
public abstract class PackageStoreContract {
    private final HandOverJournal journal = HandOverJournal.inMemory();

    /** For extension by tests. */
    protected PackageStoreContract() {}

    /** The store under test, with no package yet when the test begins; the same place throughout a test. */
    protected abstract PackageStore store() throws Exception;

    /** Fails if the store holds anything. */
    protected abstract void assertNothingIsLeft() throws Exception;

    private Outcome outcome() throws Exception {
        return store().outcomeOf(ContractSample.offer().manifest().packageId(), journal);
    }

    private static void upload(PackageUpload upload) throws Exception {
        upload.begin(ContractSample.offer().manifest());
        upload.packageStream().write(ContractSample.content());
        upload.packageStream().flush();
        upload.finish();
    }

    private void publish() throws Exception {
        try (PackageUpload upload = store().put()) {
            upload(upload);
            upload.publish(journal);
        }
    }

    @Test
    void aPackageArrivesWholeAndStays() throws Exception {
        publish();
        assertThat(outcome()).isEqualTo(Outcome.TAKEN);
        for (int times = 0; times < 2; times++) {
            try (StoredPackage stored = store().open()) {
                assertThat(stored.description()).isNotBlank();
                assertThat(stored.packageStream().readNBytes(1000))
                        .isEqualTo(Arrays.copyOf(ContractSample.content(), 1000));
                assertThat(stored.packageStream().readAllBytes()).isEqualTo(ContractSample.content());
                stored.taken();
            }
        }
    }

    @Test
    void whatIsNotPublishedCannotBeSeenAndIsRemoved() throws Exception {
        try (PackageUpload upload = store().put()) {
            upload(upload);
            assertThatThrownBy(() -> store().open()).isInstanceOf(VmmigException.class);
        }
        assertNothingIsLeft();
        assertThat(outcome()).isNotEqualTo(Outcome.TAKEN);
    }

    @Test
    void anAbortMidwayLeavesNothing() throws Exception {
        try (PackageUpload upload = store().put()) {
            upload.begin(ContractSample.offer().manifest());
            upload.packageStream().write(ContractSample.content());
            upload.packageStream().flush();
            upload.abort(Failure.of(Problem.GUEST_BUSY, "the guest is busy", ""));
            upload.abort(null);

            assertThatThrownBy(() -> {
                        upload.packageStream().write(new byte[1 << 20]);
                        upload.packageStream().flush();
                    })
                    .isInstanceOf(IOException.class)
                    .cause()
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY));
            assertThatThrownBy(upload::finish).isInstanceOf(VmmigException.class);
        }
        assertNothingIsLeft();
    }

    /** No deadline of a connection is as short as that of this test. */
    @Test
    @Timeout(15)
    void closingWaitsForNothingAndMayBeRepeated() throws Exception {
        PackageUpload upload = store().put();
        upload.begin(ContractSample.offer().manifest());
        upload.close();
        upload.close();
        upload.abort(null);
        assertNothingIsLeft();
    }

    @Test
    void theOrderIsChecked() throws Exception {
        try (PackageUpload upload = store().put()) {
            assertThatThrownBy(() -> upload.publish(journal)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> {
                        upload.packageStream().write(1);
                        upload.packageStream().flush();
                    })
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aStoreCanBeUsedAgain() throws Exception {
        PackageStore store = store();
        store.put().close();
        store.put().close();
        assertThat(store.description()).isNotBlank();
    }

    @Test
    void nothingIsReadFromAPackageThatIsClosed() throws Exception {
        publish();
        StoredPackage stored = store().open();
        stored.close();
        stored.close();
        assertThatThrownBy(() -> stored.packageStream().read()).isInstanceOf(IOException.class);
        try (StoredPackage again = store().open()) {
            assertThat(again.packageStream().readAllBytes()).isEqualTo(ContractSample.content());
        }
    }
}
