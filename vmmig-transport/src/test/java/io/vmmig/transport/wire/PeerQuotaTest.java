// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.crypto.Fingerprint;
import org.junit.jupiter.api.Test;

/** What peers may have that take all they get. */
class PeerQuotaTest {
    private static final long MIB = 1L << 20;

    private static Fingerprint peer(int number) {
        return new Fingerprint(String.format("%064x", number));
    }

    private static int taken(PeerQuota quota, int peer) {
        int count = 0;
        while (quota.tryTake(peer(peer), 1)) {
            count++;
        }
        return count;
    }

    @Test
    void eachLeavesAsMuchAsItHas() {
        PeerQuota quota = new PeerQuota(128);
        assertThat(taken(quota, 1)).isEqualTo(64);
        assertThat(taken(quota, 2)).isEqualTo(32);
        assertThat(taken(quota, 3)).isEqualTo(16);
        assertThat(taken(quota, 4)).isEqualTo(8);
        assertThat(quota.tryTake(peer(1), 1)).isFalse();
        assertThat(quota.tryTake(peer(5), 1)).isTrue();
    }

    @Test
    void whatIsReleasedIsFreeAgain() {
        PeerQuota quota = new PeerQuota(16 * MIB);
        assertThat(quota.tryTake(peer(1), 8 * MIB)).isTrue();
        assertThat(quota.tryTake(peer(1), 1)).isFalse();
        assertThat(quota.tryTake(peer(2), 8 * MIB)).isTrue();
        assertThat(quota.tryTake(peer(3), 1)).isFalse();
        quota.release(peer(1), 8 * MIB);
        assertThat(quota.tryTake(peer(3), 8 * MIB)).isTrue();
    }

    @Test
    void thereAreSoManySessionsAsTheHeapBears() {
        assertThat(taken(PeerQuota.ofSessions(64 * MIB), 1)).isEqualTo(16);
        assertThat(taken(PeerQuota.ofSessions(256 * MIB), 1)).isEqualTo(64);
        assertThat(taken(PeerQuota.ofSessions(64_000 * MIB), 1)).isEqualTo(512);
    }

    @Test
    void anOfferOfTheLargestSizeFitsIntoAnyHeap() {
        PeerQuota quota = PeerQuota.ofOfferBytes(16 * MIB);
        assertThat(quota.tryTake(peer(1), Kind.OFFER.maxLength())).isTrue();
        assertThat(quota.tryTake(peer(2), Kind.OFFER.maxLength())).isTrue();
    }
}
