"""The IAM permissions of the resource types that ministack creates itself."""

from rehearsal.cloudformation.stack_permissions import TypePermissions
from rehearsal.cloudformation.type_permissions.function import FUNCTION_PERMISSIONS
from rehearsal.cloudformation.type_permissions.identity import IDENTITY_PERMISSIONS
from rehearsal.cloudformation.type_permissions.messaging import MESSAGING_PERMISSIONS
from rehearsal.cloudformation.type_permissions.network import NETWORK_PERMISSIONS
from rehearsal.cloudformation.type_permissions.stack import STACK_PERMISSIONS
from rehearsal.cloudformation.type_permissions.storage import STORAGE_PERMISSIONS

TYPE_PERMISSIONS: dict[str, TypePermissions] = (
    STACK_PERMISSIONS
    | IDENTITY_PERMISSIONS
    | STORAGE_PERMISSIONS
    | FUNCTION_PERMISSIONS
    | MESSAGING_PERMISSIONS
    | NETWORK_PERMISSIONS
)
