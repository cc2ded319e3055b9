/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the table in main.c; each stands in the cmd_*.c that its name tells. */
#ifndef PV_CLI_CMDS_H
#define PV_CLI_CMDS_H

#include "cli/cmd.h"

extern const struct pv_cmd cmd_decide;
extern const struct pv_cmd cmd_init, cmd_apply, cmd_sign, cmd_export, cmd_end;
extern const struct pv_cmd cmd_card, cmd_peer_add, cmd_follow;
extern const struct pv_cmd cmd_party_list, cmd_party_show, cmd_party_add;
extern const struct pv_cmd cmd_term_list, cmd_term_show, cmd_term_add;
extern const struct pv_cmd cmd_key_list, cmd_key_add, cmd_key_new, cmd_key_unlock,
    cmd_key_passphrase;
extern const struct pv_cmd cmd_token_new, cmd_token_list, cmd_token_end;
extern const struct pv_cmd cmd_passport;
extern const struct pv_cmd cmd_account_add, cmd_account_password;
extern const struct pv_cmd cmd_agree, cmd_agreement_list, cmd_agreement_show;
extern const struct pv_cmd cmd_share, cmd_report_list, cmd_report_show;
extern const struct pv_cmd cmd_tdf_register;
extern const struct pv_cmd cmd_collection_list, cmd_collection_label, cmd_collection_offer;
extern const struct pv_cmd cmd_ask, cmd_answer, cmd_open, cmd_recall;
extern const struct pv_cmd cmd_order_suspend, cmd_order_restrict, cmd_order_lift, cmd_order_sign,
    cmd_order_preview;
extern const struct pv_cmd cmd_order_list, cmd_order_show, cmd_order_ack;
extern const struct pv_cmd cmd_condition_declare, cmd_condition_attest, cmd_condition_show;
extern const struct pv_cmd cmd_outcome, cmd_incident;
extern const struct pv_cmd cmd_board, cmd_explain, cmd_status;
extern const struct pv_cmd cmd_log_verify, cmd_log_show, cmd_log_prove, cmd_log_export, cmd_log_key,
    cmd_log_rebuild;
extern const struct pv_cmd cmd_backup, cmd_restore, cmd_demo;
extern const struct pv_cmd cmd_doctor;
extern const struct pv_cmd cmd_help, cmd_completion;

#endif
