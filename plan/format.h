/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* First bytes of a plan; the last digit changes whenever struct plan does. */
#define PLAN_MAGIC "cupelp3"
