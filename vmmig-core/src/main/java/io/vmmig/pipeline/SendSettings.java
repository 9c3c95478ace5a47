// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.content.Level;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.Loss;
import io.vmmig.event.MigrationListener;
import io.vmmig.protection.PackageSigner;
import io.vmmig.state.HostState;
import io.vmmig.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The settings of a {@code Migrator}, whose methods document them. Changed only by {@link #with}. */
public final class SendSettings implements Cloneable {
    public @Nullable String guest;
    public @Nullable Transport transport;
    public @Nullable HostState state;
    public DomainPolicy policy = DomainPolicy.standard();
    public boolean removeGuest;
    public boolean includeBaseImages;
    public boolean sendFreePages;
    public @Nullable Duration balloonTimeout;
    public Level level = Level.BALANCED;
    public @Nullable PackageSigner signer;
    public Set<Loss> losses = Set.of();
    public Set<String> copiedDisks = Set.of();
    public boolean leaveClock;
    public Semaphore admission = ProgramLimits.LEAVING;
    public Duration migrationTimeout = Timeouts.MIGRATION;
    public Duration maxDowntime = Timeouts.SUSPENSION;
    public Duration inquiryTimeout = Timeouts.INQUIRY;
    public Duration hypervisorTimeout = Timeouts.HYPERVISOR;
    public List<MigrationListener> listeners = List.of();

    /** A changed copy. */
    public SendSettings with(Consumer<SendSettings> change) {
        SendSettings copy = clone();
        change.accept(copy);
        return copy;
    }

    @Override
    protected SendSettings clone() {
        try {
            return (SendSettings) super.clone();
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }
}
