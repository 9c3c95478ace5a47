// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestWatch;
import io.vmmig.report.Notice;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reports what other tools did to the guest during its migration. For one thread. */
final class OtherTools implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OtherTools.class);

    private final GuestWatch watch;
    private final Recorder recorder;
    private int reported;
    private boolean closed;

    private OtherTools(GuestWatch watch, Recorder recorder) {
        this.watch = watch;
        this.recorder = recorder;
    }

    /** Begins to watch. Does not throw: without a watch, the migration continues. */
    static OtherTools watch(Guest guest, Recorder recorder) {
        try {
            return new OtherTools(guest.watch(), recorder);
        } catch (VmmigException e) {
            LOG.warn("guest {}: what other tools do to it meanwhile will not be reported", guest.name(), e);
            return new OtherTools(GuestWatch.BLIND, recorder);
        }
    }

    /** Reports what was seen since the last report. */
    void report() {
        List<GuestWatch.Observation> observed = closed ? List.of() : watch.observed();
        for (; reported < observed.size(); reported++) {
            GuestWatch.Observation one = observed.get(reported);
            recorder.notice(
                    new Notice(
                            Notice.Kind.INTERFERENCE,
                            recorder.guest(),
                            "while the guest was moving, " + one.what() + " (" + one.at() + ")",
                            "What other tools asked for meanwhile may not have come to the destination: look there, and ask again."));
        }
    }

    /** Reports the rest, and stops watching. */
    @Override
    public void close() {
        if (!closed) {
            report();
            closed = true;
            watch.close();
        }
    }
}
