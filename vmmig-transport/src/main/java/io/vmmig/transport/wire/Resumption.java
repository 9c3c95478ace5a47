// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an end's HELLO says if it can resume a broken connection.
 *
 * @param within how long it tries, or waits
 * @param id the destination's name for the session; null from a source
 */
record Resumption(Duration within, @Nullable SessionId id) {}
