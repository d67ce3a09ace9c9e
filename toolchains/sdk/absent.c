// The parts of OpenSSL that no agent gets to: a server's half of TLS, DTLS, keys in files, engines, loadable
// modules, curves that nobody offers. Debian's objects hold a source file each in one piece, so a table's
// mention of a function keeps the whole file in the program, and what that mentions.
//
// Here are those functions as ones that fail: 0 or NULL, which every caller takes for "no". sdk.sh takes
// the members that had them out of libcrypto.a and libssl.a (the names in the titles), so that a function
// missing here, or a member that is needed after all, shows at the link. What a client does get to is not
// in this list, and a new line asks for a look at its callers: CONF_parse_list, say, reads no configuration
// but the list of cipher suites.

#define ABSENT(name) long name(void) __attribute__((alias("absent")))
#define QUIET(name) long name(void) __attribute__((alias("quiet")))

static long absent(void) { return 0; }
// For what a client calls on its way, and whose failure would be the connection's.
static long quiet(void) { return 1; }

// statem_srvr: a server's messages.
ABSENT(ossl_statem_server_construct_message);
ABSENT(ossl_statem_server_max_message_size);
ABSENT(ossl_statem_server_post_process_message);
ABSENT(ossl_statem_server_post_work);
ABSENT(ossl_statem_server_pre_work);
ABSENT(ossl_statem_server_process_message);
ABSENT(ossl_statem_server_read_transition);
ABSENT(ossl_statem_server_write_transition);
ABSENT(send_certificate_request);
ABSENT(tls_handle_alpn);

// extensions_srvr: its extensions, which a client's table names beside its own.
ABSENT(tls_construct_stoc_alpn);
ABSENT(tls_construct_stoc_cookie);
ABSENT(tls_construct_stoc_cryptopro_bug);
ABSENT(tls_construct_stoc_early_data);
ABSENT(tls_construct_stoc_ec_pt_formats);
ABSENT(tls_construct_stoc_ems);
ABSENT(tls_construct_stoc_etm);
ABSENT(tls_construct_stoc_key_share);
ABSENT(tls_construct_stoc_maxfragmentlen);
ABSENT(tls_construct_stoc_next_proto_neg);
ABSENT(tls_construct_stoc_psk);
ABSENT(tls_construct_stoc_renegotiate);
ABSENT(tls_construct_stoc_server_name);
ABSENT(tls_construct_stoc_session_ticket);
ABSENT(tls_construct_stoc_status_request);
ABSENT(tls_construct_stoc_supported_groups);
ABSENT(tls_construct_stoc_supported_versions);
ABSENT(tls_construct_stoc_use_srtp);
ABSENT(tls_parse_ctos_alpn);
ABSENT(tls_parse_ctos_cookie);
ABSENT(tls_parse_ctos_early_data);
ABSENT(tls_parse_ctos_ec_pt_formats);
ABSENT(tls_parse_ctos_ems);
ABSENT(tls_parse_ctos_etm);
ABSENT(tls_parse_ctos_key_share);
ABSENT(tls_parse_ctos_maxfragmentlen);
ABSENT(tls_parse_ctos_npn);
ABSENT(tls_parse_ctos_post_handshake_auth);
ABSENT(tls_parse_ctos_psk);
ABSENT(tls_parse_ctos_psk_kex_modes);
ABSENT(tls_parse_ctos_renegotiate);
ABSENT(tls_parse_ctos_server_name);
ABSENT(tls_parse_ctos_session_ticket);
ABSENT(tls_parse_ctos_sig_algs);
ABSENT(tls_parse_ctos_sig_algs_cert);
ABSENT(tls_parse_ctos_srp);
ABSENT(tls_parse_ctos_status_request);
ABSENT(tls_parse_ctos_supported_groups);
ABSENT(tls_parse_ctos_use_srtp);

// d1_lib, d1_msg, d1_srtp, rec_layer_d1, statem_dtls, pqueue: DTLS. Some are tables; only their address is taken.
ABSENT(DTLSv1_2_enc_data);
ABSENT(DTLSv1_enc_data);
ABSENT(DTLS_RECORD_LAYER_clear);
ABSENT(SSL_get_srtp_profiles);
ABSENT(dtls1_buffer_record);
ABSENT(dtls1_clear);
ABSENT(dtls1_clear_received_buffer);
ABSENT(dtls1_ctrl);
ABSENT(dtls1_default_timeout);
ABSENT(dtls1_dispatch_alert);
ABSENT(dtls1_do_write);
ABSENT(dtls1_free);
ABSENT(dtls1_get_bitmap);
ABSENT(dtls1_new);
ABSENT(dtls1_process_buffered_records);
ABSENT(dtls1_read_bytes);
ABSENT(dtls1_reset_seq_numbers);
ABSENT(dtls1_retrieve_buffered_record);
ABSENT(dtls1_shutdown);
ABSENT(dtls1_start_timer);
ABSENT(dtls1_stop_timer);
ABSENT(dtls1_write_app_data_bytes);
ABSENT(dtls_construct_change_cipher_spec);
ABSENT(dtls_get_message);
ABSENT(dtls_get_message_body);
ABSENT(pqueue_iterator);
ABSENT(pqueue_next);

// tls_srp: passwords instead of certificates. Each context and connection begins and ends with it.
ABSENT(srp_generate_client_master_secret);
ABSENT(srp_verify_server_param);
ABSENT(ssl_srp_calc_a_param_intern);
QUIET(ssl_ctx_srp_ctx_free_intern);
QUIET(ssl_ctx_srp_ctx_init_intern);
QUIET(ssl_srp_ctx_free_intern);
QUIET(ssl_srp_ctx_init_intern);

// ssl_mcnf, conf_mall: the configuration file, which isn't read.
QUIET(ssl_ctx_system_config);
QUIET(OPENSSL_load_builtin_modules);

// ssl_rsa, p12_kiss: a certificate and key of the client's own.
ABSENT(PKCS12_parse);
ABSENT(SSL_CTX_use_PrivateKey);
ABSENT(SSL_CTX_use_PrivateKey_file);
ABSENT(SSL_CTX_use_certificate);
ABSENT(SSL_CTX_use_certificate_chain_file);
ABSENT(SSL_CTX_use_certificate_file);
ABSENT(SSL_use_PrivateKey);
ABSENT(SSL_use_certificate);

// store_lib, http_client: certificates from stores named by a URI, and from the web.
ABSENT(OSSL_HTTP_get);
ABSENT(OSSL_STORE_INFO_free);
ABSENT(OSSL_STORE_INFO_get0_CERT);
ABSENT(OSSL_STORE_INFO_get0_CRL);
ABSENT(OSSL_STORE_INFO_get0_NAME);
ABSENT(OSSL_STORE_INFO_get_type);
ABSENT(OSSL_STORE_SEARCH_by_name);
ABSENT(OSSL_STORE_SEARCH_free);
ABSENT(OSSL_STORE_close);
ABSENT(OSSL_STORE_eof);
ABSENT(OSSL_STORE_error);
ABSENT(OSSL_STORE_find);
ABSENT(OSSL_STORE_load);
ABSENT(OSSL_STORE_open);
ABSENT(OSSL_STORE_open_ex);

// eng_dyn, eng_openssl, e_afalg, e_padlock: engines (with them, VIA's PadLock).
QUIET(engine_load_afalg_int);
QUIET(engine_load_dynamic_int);
QUIET(engine_load_openssl_int);
QUIET(engine_load_padlock_int);

// dso_lib: modules, which a static program can't load.
ABSENT(DSO_bind_func);
ABSENT(DSO_convert_filename);
ABSENT(DSO_ctrl);
ABSENT(DSO_free);
ABSENT(DSO_get_filename);
ABSENT(DSO_load);
ABSENT(DSO_merge);
ABSENT(DSO_new);

// curve448, eddsa: X448 and Ed448.
ABSENT(ossl_ed448_public_from_private);
ABSENT(ossl_ed448_sign);
ABSENT(ossl_ed448_verify);
ABSENT(ossl_x448);
ABSENT(ossl_x448_public_from_private);

// ec2_smpl, ec2_oct, bn_gf2m: binary curves.
ABSENT(EC_GF2m_simple_method);
ABSENT(ossl_ec_GF2m_simple_oct2point);
ABSENT(ossl_ec_GF2m_simple_point2oct);
ABSENT(ossl_ec_GF2m_simple_set_compressed_coordinates);

// dh_kmgmt, dsa_kmgmt: the decoders' tables name the keys that they'd make.
ABSENT(ossl_dh_keymgmt_functions);
ABSENT(ossl_dhx_keymgmt_functions);
ABSENT(ossl_dsa_keymgmt_functions);

#ifdef __x86_64__
// ecp_nistp224, ecp_nistp256, ecp_nistp521: faster code that Debian has for x86 alone. P-256 has an assembler's,
// which is what OpenSSL takes; the others go by Montgomery's multiplication, in constant time too, as on aarch64.
const void *EC_GFp_mont_method(void);
const void *EC_GFp_nistp224_method(void) { return EC_GFp_mont_method(); }
const void *EC_GFp_nistp521_method(void) { return EC_GFp_mont_method(); }
ABSENT(EC_nistp224_pre_comp_dup);
ABSENT(EC_nistp224_pre_comp_free);
ABSENT(EC_nistp256_pre_comp_dup);
ABSENT(EC_nistp256_pre_comp_free);
ABSENT(EC_nistp521_pre_comp_dup);
ABSENT(EC_nistp521_pre_comp_free);
#endif
