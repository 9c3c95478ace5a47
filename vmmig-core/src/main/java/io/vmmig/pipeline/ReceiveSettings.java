// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.event.MigrationListener;
import io.vmmig.protection.PackageVerifier;
import io.vmmig.state.HostState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The settings of a {@code Receiver}, whose methods document them. Changed only by {@link #with}. */
public final class ReceiveSettings implements Cloneable {
    public @Nullable Path guests;
    public @Nullable HostState state;
    public DomainSettings domain = DomainSettings.asSaved();
    public DomainPolicy policy = DomainPolicy.standard();
    public PackageLimits limits = PackageLimits.DEFAULT;
    public boolean overcommitMemory;
    public @Nullable PackageVerifier verifier;
    public boolean leaveClock;
    public Semaphore admission = ProgramLimits.COMING;
    public Duration migrationTimeout = Timeouts.MIGRATION;
    public Duration hypervisorTimeout = Timeouts.HYPERVISOR;
    public List<MigrationListener> listeners = List.of();

    /** A changed copy. */
    public ReceiveSettings with(Consumer<ReceiveSettings> change) {
        ReceiveSettings copy = clone();
        change.accept(copy);
        return copy;
    }

    @Override
    protected ReceiveSettings clone() {
        try {
            return (ReceiveSettings) super.clone();
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }
}
