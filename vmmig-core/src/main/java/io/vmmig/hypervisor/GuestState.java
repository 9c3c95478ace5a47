// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

/** What a guest is doing. */
public enum GuestState {
    /** It runs. */
    RUNNING,
    /** It is suspended, its memory in place. */
    PAUSED,
    /** It is shut off, or has crashed: there is no memory. */
    STOPPED
}
