#!/bin/bash
# Method 1 of the guide, "Azure CLI", word for word (test_guide_text.py compares): $group, $location, $identity,
# $vault, $key and $registry stand for its placeholders, $access and $rotation choose between its options.
set -euo pipefail

# The one thing that the guide doesn't say: az makes vaults with role-based access by default, and refuses
# `set-policy` for those.
vault_options=
[ "$access" = policy ] && vault_options="--enable-rbac-authorization false"

# Step 1
az group create --name "$group" --location "$location"

# Step 2
az identity create \
  --resource-group "$group" \
  --name "$identity"

identityID=$(az identity show --resource-group "$group" --name "$identity" --query 'id' --output tsv)

identityPrincipalID=$(az identity show --resource-group "$group" --name "$identity" --query 'principalId' --output tsv)

# Step 3
az keyvault create --name "$vault" \
  --resource-group "$group" \
  --enable-purge-protection $vault_options

keyvaultID=$(az keyvault show --resource-group "$group" --name "$vault" --query 'id' --output tsv)

# Step 4
if [ "$access" = policy ]; then
  az keyvault set-policy \
    --resource-group "$group" \
    --name "$vault" \
    --object-id $identityPrincipalID \
    --key-permissions get unwrapKey wrapKey
else
  az role assignment create --assignee $identityPrincipalID \
    --role "Key Vault Crypto Service Encryption User" \
    --scope $keyvaultID
fi

# Step 5
az keyvault update --name "$vault" \
  --resource-group "$group" \
  --bypass AzureServices

# Step 6
az keyvault key create \
  --name "$key" \
  --vault-name "$vault"

# Step 7
if [ "$rotation" = automatic ]; then
  keyID=$(az keyvault key show \
    --name "$key" \
    --vault-name "$vault" \
    --query 'key.kid' --output tsv)

  keyID=$(echo $keyID | sed -e "s/\/[^/]*$//")
else
  keyID=$(az keyvault key show \
    --name "$key" \
    --vault-name "$vault" \
    --query 'key.kid' --output tsv)
fi

# Step 8
az acr create \
  --resource-group "$group" \
  --name "$registry" \
  --identity $identityID \
  --key-encryption-key $keyID \
  --sku Premium

# Step 9
az acr encryption show --name "$registry"
