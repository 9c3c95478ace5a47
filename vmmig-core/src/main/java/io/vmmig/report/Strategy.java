// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

/** How a guest moves: what travels while it runs, and what while it is paused. */
public enum Strategy {
    /** vmmig decides, by what both ends can do and how much there is to move; the report says what it has chosen, and why. */
    AUTO,
    /**
     * Its memory travels while it runs, and again what it changes meanwhile, until little is left; that, and what has changed on its disks,
     * travels while it is paused. The pause is the shortest. Needs a peer, a hypervisor that can save a guest while it runs, and a guest
     * with a drive. A baseline is sent first, if this host can read the guest's memory while it runs.
     */
    LIVE,
    /**
     * Baselines travel while the guest runs: its disks and its memory, read without stopping it. Then it is paused, and only what has changed
     * since travels. The pause is short although the guest is large or the link is slow; the whole takes longer, and a few percent more is
     * sent. Needs a peer, and a guest whose memory this host can read while it runs.
     */
    WARM,
    /** The guest is paused while its disks and its memory travel. Works everywhere. */
    STOP_AND_COPY
}
