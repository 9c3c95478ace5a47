// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an end says in its HELLO if it takes up a connection again that has broken.
 *
 * @param within for how long it tries, or waits for, that
 * @param id what the destination calls the session; null from a source
 */
record Resumption(Duration within, @Nullable SessionId id) {}
