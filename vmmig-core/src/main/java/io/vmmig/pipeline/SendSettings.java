// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.content.Level;
import io.vmmig.domain.Loss;
import io.vmmig.protection.PackageSigner;
import io.vmmig.report.Strategy;
import io.vmmig.transport.Transport;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** The settings of a {@code Migrator}, whose methods document them. */
public final class SendSettings extends MigrationSettings<SendSettings> {
    /** First come, first served. Arriving guests have another limit: two hosts that send each other guests must not wait for each other. */
    private static final Semaphore LEAVING = new Semaphore(AT_ONCE, true);

    public @Nullable String guest;
    public @Nullable Transport transport;
    public boolean removeGuest;
    public boolean includeBaseImages;
    public boolean sendFreePages;
    public @Nullable Duration balloonTimeout;
    public Strategy strategy = Strategy.AUTO;
    public Level level = Level.BALANCED;
    public @Nullable PackageSigner signer;
    public Set<Loss> losses = Set.of();
    public Set<String> copiedDisks = Set.of();
    public Duration maxDowntime = Duration.ofHours(6);
    public Duration convergeWithin = Duration.ofMinutes(1);
    public Duration inquiryTimeout = Duration.ofSeconds(30);

    public SendSettings() {
        super(LEAVING);
    }
}
