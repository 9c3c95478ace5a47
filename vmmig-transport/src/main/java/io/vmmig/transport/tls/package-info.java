// SPDX-License-Identifier: Apache-2.0
/** Moves a guest directly to another host, over TLS 1.3 with both sides authenticated. */
package io.vmmig.transport.tls;
