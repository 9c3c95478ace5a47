// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

/** libvirt's states of a domain, in the order of their numbers. */
public enum DomainState {
    /** Unknown. */
    NO_STATE,
    /** It runs. */
    RUNNING,
    /** It waits for something. */
    BLOCKED,
    /** It is paused. */
    PAUSED,
    /** It is about to stop. */
    SHUTTING_DOWN,
    /** It is stopped. */
    SHUT_OFF,
    /** It is stopped, by a fault. */
    CRASHED,
    /** It has put itself to sleep. */
    SLEEPING
}
