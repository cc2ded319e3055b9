/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the table in main.c; each stands in the cmd_*.c that its name tells. */
#ifndef PV_CLI_CMDS_H
#define PV_CLI_CMDS_H

#include "cli/cmd.h"

extern const struct pv_cmd cmd_decide;
extern const struct pv_cmd cmd_init, cmd_apply, cmd_sign, cmd_export, cmd_end;
extern const struct pv_cmd cmd_partner_card, cmd_partner_add, cmd_follow;
extern const struct pv_cmd cmd_party_list, cmd_party_show, cmd_party_add;
extern const struct pv_cmd cmd_term_list, cmd_term_show, cmd_term_add;
extern const struct pv_cmd cmd_key_list, cmd_key_add, cmd_key_passphrase;
extern const struct pv_cmd cmd_agree, cmd_agreement_list, cmd_agreement_show;
extern const struct pv_cmd cmd_share, cmd_report_list, cmd_report_show;
extern const struct pv_cmd cmd_help, cmd_completion;

#endif
