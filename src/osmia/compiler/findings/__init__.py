"""Every finding that the compiler reports, with its code and its prose; one file for each theme."""

from osmia.compiler.findings.control import (
    backend_refused as backend_refused,
    kernel_name as kernel_name,
    loop_changes_array as loop_changes_array,
    missing_annotation as missing_annotation,
    missing_return as missing_return,
    not_callable as not_callable,
    not_iterable as not_iterable,
    recursion as recursion,
    refused_syntax as refused_syntax,
    too_deep as too_deep,
    too_large as too_large,
    tuple_value as tuple_value,
    unbounded_loop as unbounded_loop,
    uneven_tuple as uneven_tuple,
    unpacked_count as unpacked_count,
    unreachable as unreachable,
    unreachable_case as unreachable_case,
    wrong_arguments as wrong_arguments,
)
from osmia.compiler.findings.functions import (
    call_depth as call_depth,
    call_stack as call_stack,
    kept_struct as kept_struct,
    subprogram_parameter as subprogram_parameter,
    subprogram_result as subprogram_result,
    tail_call_in_function as tail_call_in_function,
)
from osmia.compiler.findings.helpers import (
    helper_map as helper_map,
    helper_program_type as helper_program_type,
    kfunc_type as kfunc_type,
    packet_moved as packet_moved,
)
from osmia.compiler.findings.locks import (
    call_under_lock as call_under_lock,
    lock_elsewhere as lock_elsewhere,
    lock_in_tracing as lock_in_tracing,
    nested_lock as nested_lock,
    not_a_lock as not_a_lock,
)
from osmia.compiler.findings.logging import (
    log_format as log_format,
    log_message as log_message,
    log_value as log_value,
)
from osmia.compiler.findings.memory import (
    atomic_in_packet as atomic_in_packet,
    atomic_width as atomic_width,
    fixed_entries as fixed_entries,
    index_unproven as index_unproven,
    map_operator as map_operator,
    map_read as map_read,
    module_struct as module_struct,
    never_none as never_none,
    no_entries as no_entries,
    read_only as read_only,
    stack_limit as stack_limit,
    unchecked_lookup as unchecked_lookup,
)
from osmia.compiler.findings.names import (
    aliased_struct as aliased_struct,
    assigned_outside as assigned_outside,
    no_attribute as no_attribute,
    rebound as rebound,
    unassigned as unassigned,
    unknown_name as unknown_name,
    variable_type as variable_type,
)
from osmia.compiler.findings.reservations import (
    leaked_reservation as leaked_reservation,
    not_reserved as not_reserved,
    released_in_loop as released_in_loop,
    used_after_release as used_after_release,
)
from osmia.compiler.findings.timers import (
    timer_callback as timer_callback,
    timer_elsewhere as timer_elsewhere,
    timer_in_tracing as timer_in_tracing,
)
from osmia.compiler.findings.types import (
    bytes_length as bytes_length,
    bytes_value as bytes_value,
    empty_items as empty_items,
    empty_sum as empty_sum,
    literal_out_of_range as literal_out_of_range,
    mixed_types as mixed_types,
    no_layout as no_layout,
    no_width as no_width,
    operand_of_and as operand_of_and,
    plain_int as plain_int,
    plain_int_operator as plain_int_operator,
    text_value as text_value,
    too_wide as too_wide,
    type_mismatch as type_mismatch,
    unknown_annotation as unknown_annotation,
    unsupported_operator as unsupported_operator,
)
