// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.host.LabGuest;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The guests of a run.
 *
 * @param guest the one that is moved
 * @param uuid what its hosts know it by
 * @param namesake another guest of the same name, at another host; null where none is needed
 */
record Cast(LabGuest guest, UUID uuid, @Nullable LabGuest namesake) {}
