// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.report.Notice;
import java.time.Duration;
import java.util.Locale;

/** The clock of a guest, which stops while the guest is paused. */
final class GuestClock {
    /** NTP in the guest corrects smaller differences. */
    private static final Duration NOTICEABLE = Duration.ofSeconds(1);

    private GuestClock() {}

    /**
     * Sets the clock of a resumed guest; if that is not possible, the report says how far it is behind. Does not throw, since the migration
     * is already resolved.
     *
     * @param lost for how long it was paused
     */
    static void catchUp(Hypervisor hypervisor, String guest, Duration lost, Recorder recorder) {
        String why;
        try {
            if (hypervisor.guest(guest).catchUpClock()) {
                return;
            }
            why = "no agent in the guest could set it";
        } catch (VmmigException e) {
            why = "the agent in the guest did not set it (" + e.failure().what() + ")";
        }
        if (lost.compareTo(NOTICEABLE) >= 0) {
            recorder.notice(new Notice(
                    Notice.Kind.CLOCK_BEHIND,
                    "clock",
                    String.format(
                            Locale.ROOT,
                            "the guest's clock has lost %.1f s, since it stopped while the guest was paused, and %s",
                            lost.toMillis() / 1000.0,
                            why),
                    "Set it in the guest, as with chronyc makestep or w32tm /resync; with qemu-guest-agent in the guest vmmig does"
                            + " that, and so does virsh domtime " + guest + " --now."));
        }
    }
}
